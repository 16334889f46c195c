-- Counts and sums of ids by time, for reconciliation (NIP-77): the fingerprint of a range is made of these
-- two, so that sets of millions are compared without reading them (docs/decisions/0010-slices.md). What is
-- summed up are sets that the settings name. Without any, the triggers on events are off.

-- A sum is that of the ids as little-endian numbers. It is kept as the sums of eight words of 32 bits each,
-- without carries: exact for 2^31 events.
create function id_word(id bytea, word integer) returns bigint language sql immutable parallel safe as $$
  select get_byte(id, 4 * word)::bigint + (get_byte(id, 4 * word + 1)::bigint << 8)
    + (get_byte(id, 4 * word + 2)::bigint << 16) + (get_byte(id, 4 * word + 3)::bigint << 24)
$$;

create table slice_sets (
  number integer generated always as identity primary key,
  -- The other columns as text, see `src/store/slices/slice_sets.ts`.
  definition text not null unique,
  -- Of which kinds and authors (fingerprints); null for any.
  kinds integer[],
  authors uuid[],
  -- Kinds that are left out, because not everybody may read them.
  hidden integer[] not null,
  -- From which time on there are no slices yet; null when all are there.
  built_to bigint default 0
);

-- `slice_set` is slice_sets.number, here and below. Not a foreign key, which would cost as much as a row.
-- Each begins at its time and ends where the next one of its set begins. The first begins at 0.
create table slices (
  slice_set integer not null,
  from_time bigint not null,
  events bigint not null,
  word0 bigint not null, word1 bigint not null, word2 bigint not null, word3 bigint not null,
  word4 bigint not null, word5 bigint not null, word6 bigint not null, word7 bigint not null,
  primary key (slice_set, from_time)
);

-- Events that came (1) or went (-1) and are not added to the slices yet. Rows are only ever inserted here by
-- writers of events, so that these never wait for each other, and summed up later, by somebody else.
create table slice_changes (
  slice_set integer not null,
  sign integer not null,
  at_time bigint not null,
  id bytea not null
);

-- Taken shared by whoever writes events until its commit, and alone by whoever changes what is summed up:
-- the latter then sees all events of writers that did not see its change. The key is "gallslic" in ASCII.
create function slices_lock() returns bigint language sql immutable parallel safe as $$
  select 7449354471696263523
$$;

-- Whether an event of a set may be shown, its bans aside.
create function in_slice_set(kind integer, author uuid, slice_set slice_sets) returns boolean
language sql stable parallel safe as $$
  select (slice_set.kinds is null or kind = any(slice_set.kinds))
    and (slice_set.authors is null or author = any(slice_set.authors))
    and kind <> all(slice_set.hidden)
$$;

-- Its argument is 1 where events came and -1 where they went. A new version of an event is both.
create function note_slice_changes() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(slices_lock());
  insert into slice_changes
  select slice_sets.number, tg_argv[0]::integer, created_at, id
  from changed cross join slice_sets
  where in_slice_set(kind, author, slice_sets)
    and not exists (select from rules where mark = author)
    and not exists (select from rules where mark = head);
  return null;
end
$$;

create trigger slices_of_inserted after insert on events
  referencing new table as changed
  for each statement execute function note_slice_changes('1');

create trigger slices_of_deleted after delete on events
  referencing old table as changed
  for each statement execute function note_slice_changes('-1');

create trigger slices_of_replaced after update on events
  referencing old table as changed
  for each statement execute function note_slice_changes('-1');

create trigger slices_of_replacing after update on events
  referencing new table as changed
  for each statement execute function note_slice_changes('1');

-- Until there is a set.
alter table events
  disable trigger slices_of_inserted, disable trigger slices_of_deleted,
  disable trigger slices_of_replaced, disable trigger slices_of_replacing;

-- Triggers on events are on while there are sets. Only the owner of a table may switch them, and the relay may
-- be another user: so with the rights of the owner, for whoever may change sets. Waits for all who write
-- events, and has those who begin wait.
create function switch_slices() returns trigger language plpgsql security definer
set search_path from current as $$
begin
  if exists (select from slice_sets) then
    alter table events
      enable trigger slices_of_inserted, enable trigger slices_of_deleted,
      enable trigger slices_of_replaced, enable trigger slices_of_replacing;
  else
    alter table events
      disable trigger slices_of_inserted, disable trigger slices_of_deleted,
      disable trigger slices_of_replaced, disable trigger slices_of_replacing;
  end if;
  return null;
end
$$;

create trigger slices_switched after insert or delete on slice_sets
  for each statement execute function switch_slices();

-- Events of banned keys and banned events are not shown. Its argument is -1 for a ban and 1 where one is
-- lifted. What another rule bans as well does not change.
create function note_slice_bans() returns trigger language plpgsql as $$
begin
  -- The events of one author may be millions, which are not read for nothing.
  if not exists (select from slice_sets) or not exists (select from changed where mark is not null) then
    return null;
  end if;
  insert into slice_changes
  select slice_sets.number, tg_argv[0]::integer, created_at, id
  from (
    select id, created_at, kind, author, head from events
    where author in (select mark from changed) and kind >= 0
    union
    select id, created_at, kind, author, head from events
    where head in (select mark from changed)
  ) as event cross join slice_sets
  where in_slice_set(kind, author, slice_sets)
    and not exists (
      select from rules where mark in (author, head)
        and mark not in (select mark from changed where mark is not null)
    );
  return null;
end
$$;

-- Before anything is locked: of two who change rules, one waits for the other.
create function lock_slices() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(slices_lock());
  return null;
end
$$;

create trigger slices_before_rules before insert or delete on rules
  for each statement execute function lock_slices();

create trigger slices_of_banned after insert on rules
  referencing new table as changed
  for each statement execute function note_slice_bans('-1');

create trigger slices_of_unbanned after delete on rules
  referencing old table as changed
  for each statement execute function note_slice_bans('1');

-- All are built again.
create function forget_slices() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(slices_lock());
  delete from slice_changes;
  delete from slices;
  update slice_sets set built_to = 0;
  return null;
end
$$;

create trigger slices_of_truncated after truncate on events
  for each statement execute function forget_slices();
