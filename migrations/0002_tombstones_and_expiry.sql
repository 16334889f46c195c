-- What authors asked to delete stays deleted: each request leaves a tombstone that outlives it, because
-- the event that it names may arrive later, or again. And events that name a time at which they expire
-- (NIP-40) are found by it.

-- Who asked for the deletion of which id. Whether it was theirs is seen when the event is here.
create table deleted_ids (
  id bytea not null,
  pubkey bytea not null,
  primary key (id, pubkey)
);

-- Addresses of which all versions up to one are gone. An empty id means all of that second.
create table deleted_addresses (
  pubkey bytea not null,
  kind integer not null,
  slot bytea not null,
  created_at bigint not null,
  id bytea not null,
  primary key (pubkey, kind, slot)
);

-- Whose events are gone up to which time, inclusive.
create table vanished (
  pubkey bytea primary key,
  until_time bigint not null
);

alter table events add column expires_at bigint;

create index events_expiring on events (expires_at) where expires_at is not null;
