-- Most of what writing an event costs are index entries, and they were wide: 33 bytes for an id or a public
-- key, more for a tag. Now 16 bytes stand for each (`src/store/fingerprint.ts`), of a type that Postgres
-- compares fast: the beginning of the id, and of a hash of the public key or the tag's value behind one
-- byte that says of what. The indexes take three fifths of the room (docs/decisions/0007-fingerprints.md).

drop index events_id, events_address, events_by_time, events_by_kind, events_by_author,
  events_by_author_kind;

-- What authors and tags were written as: 0xfe and 32 bytes for 64 hex digits, 0xff and the SHA-256 for a
-- long value, else the value.
create function pg_temp.text_hash(value bytea) returns bytea language sql immutable as $$
  select case substring(value for 1)
    when '\xfe' then sha256(encode(substring(value from 2), 'hex')::bytea)
    when '\xff' then substring(value from 2)
    else sha256(value)
  end
$$;

create function pg_temp.fingerprint(letter text, value bytea) returns uuid language sql immutable as $$
  select encode(letter::bytea || substring(pg_temp.text_hash(value) for 15), 'hex')::uuid
$$;

alter table events
  -- The beginning of the id, in whose order events of the same second are.
  add column head uuid not null
    generated always as (encode(substring(id for 16), 'hex')::uuid) stored,
  add column author uuid not null
    generated always as (
      encode('\x07'::bytea || substring(sha256(encode(pubkey, 'hex')::bytea) for 15), 'hex')::uuid
    ) stored,
  -- The fingerprint of the `d` tag, of an empty one for a replaceable event, null for a regular one.
  alter column slot type uuid using pg_temp.fingerprint('d', slot);

alter table deleted_addresses
  alter column slot type uuid using pg_temp.fingerprint('d', slot);

create unique index events_id on events (head);
create unique index events_address on events (author, kind, slot) where slot is not null;
create index events_by_time on events (created_at desc, head);
create index events_by_kind on events (kind, created_at desc, head);
-- From averages Postgres believes that an author has few events and a tag is on few, whoever it is. Then it
-- may sort what an index gives that is made for another question, or pick the wanted out of it, and read a
-- million of somebody's events for one. So each of these is of the rows that meet a condition which all rows
-- meet and only the statements that it is made for say (`src/store/plan.ts`): for these alone it may be used.
create index events_by_author on events (author, created_at desc, head) where kind >= 0;
create index events_by_author_kind on events (author, kind, created_at desc, head)
  where created_at >= 0;

alter table tags rename to wide_tags;

-- One row for each single-letter tag of an event and its first value, each pair once. What is not null
-- and has a fixed length comes first, which is the quickest to read.
create table tags (
  -- events.key. Not a foreign key: both tables are written in one transaction, by one function, and a
  -- check for each row would cost more than writing it.
  event bigint not null,
  created_at bigint not null,
  -- Of letter and value.
  tag uuid not null,
  -- Of the event.
  head uuid not null,
  author uuid not null,
  kind integer not null,
  pubkey bytea not null
);

insert into tags
select event, tags.created_at, pg_temp.fingerprint(name::text, value), head, author, tags.kind, tags.pubkey
from wide_tags as tags join events on events.key = tags.event
order by tags.event;

drop table wide_tags;

create index tags_of_event on tags (event);
create index tags_by_value_kind on tags (tag, kind, created_at desc, head) where event > 0;
-- Follow lists (kind 3) have most of all tags and one version each. They are found by kind, or by their
-- author, and left out of the other indexes: that halves the cost of writing.
create index tags_by_value on tags (tag, created_at desc, head) where kind <> 3 and created_at >= 0;
-- Also the way to an addressable event by its address.
create index tags_by_value_author on tags (tag, author, created_at desc, head) include (kind)
  where kind <> 3 and kind >= 0;

-- Nothing is ever asked about the JSON itself, so that counting its values is work for nothing.
alter table events alter column raw set statistics 0;

-- Long JSON, which is mostly follow lists, is packed and unpacked several times faster by LZ4, where the
-- server was built with it. What is stored already stays as it is.
do $$
begin
  alter table events alter column raw set compression lz4;
exception when feature_not_supported then
  null;
end
$$;

-- The facets of authors and tags are what their fingerprints begin with.
create function pg_temp.facet(fingerprint uuid) returns bigint language sql immutable as $$
  select ('x' || encode(substring(uuid_send(fingerprint) for 8), 'hex'))::bit(64)::bigint
$$;

update event_words set facets =
  array(select facet from unnest(facets) as facet where facet >> 56 < 7)
  || pg_temp.facet(events.author)
  || array(select pg_temp.facet(tag) from tags where tags.event = events.key)
from events where events.key = event_words.event;

drop function pg_temp.facet(uuid);
drop function pg_temp.fingerprint(text, bytea);
drop function pg_temp.text_hash(bytea);
