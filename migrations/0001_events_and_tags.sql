-- Events are kept as the JSON that is sent, beside the few fields by which they are found and ordered.
-- Tags get a narrow table of their own, because an index can only end in `created_at desc, id` when
-- name, value, kind, time and id stand in one row: such an index answers "the newest with this tag"
-- by reading just those, and no sort.

-- Grows with each version stored, also when a newer version takes over the row of an older one. What
-- happened since a given moment is what has a greater number.
create sequence events_seq;

create table events (
  -- Names the row. Stays when a newer version takes the row over.
  key bigint generated always as identity primary key,
  seq bigint not null default nextval('events_seq'),
  id bytea not null,
  pubkey bytea not null,
  kind integer not null,
  created_at bigint not null,
  -- Of which an author and kind has one event only: empty for a replaceable event, the `d` value for an
  -- addressable one (written as tag values are), null for a regular one.
  slot bytea,
  -- The event as compact JSON. JSON escapes NUL, so text can hold every event.
  raw text not null
);

alter sequence events_seq owned by events.seq;

create unique index events_id on events (id);
create unique index events_address on events (pubkey, kind, slot) where slot is not null;

-- One index for each way to be asked, each in the order of the answer.
create index events_by_time on events (created_at desc, id);
create index events_by_kind on events (kind, created_at desc, id);
create index events_by_author on events (pubkey, created_at desc, id);
create index events_by_author_kind on events (pubkey, kind, created_at desc, id);

-- One row for each single-letter tag of an event and its first value, each pair once.
create table tags (
  -- events.key. Not a foreign key: both tables are written in one transaction, by one function, and a
  -- check for each row would cost more than writing it.
  event bigint not null,
  created_at bigint not null,
  kind integer not null,
  name "char" not null,
  -- The value's UTF-8; 0xfe and 32 bytes for 64 hex digits; 0xff and the SHA-256 for a long value.
  -- Neither byte occurs in UTF-8, so no two values are written alike.
  value bytea not null,
  id bytea not null,
  pubkey bytea not null
);

create index tags_of_event on tags (event);
create index tags_by_value_kind on tags (name, value, kind, created_at desc, id);
-- Follow lists (kind 3) have most of all tags and one version each. They are found by kind, or by their
-- author, and left out of the other indexes: that halves the cost of writing.
create index tags_by_value on tags (name, value, created_at desc, id) where kind <> 3;
-- Also the way to an addressable event by its address.
create index tags_by_value_author on tags (name, value, pubkey, created_at desc, id) include (kind)
  where kind <> 3;
