-- A search must cost no more the larger the database is. The index of words gives events in no order, so
-- it takes up as well what else a search asks for, as numbers (`src/store/facet.ts`): the windows of time
-- that an event falls into, its kind, author and tags. The newest with a common word are then found
-- window by window, and one author's without reading everybody's.

alter table event_words
  -- events.created_at
  add column created_at bigint,
  -- One byte that says of what, seven for the value.
  add column facets bigint[];

create function pg_temp.facet(type integer, value bytea) returns bigint language sql immutable as $$
  select (type::bigint << 56)
    | ('x' || encode(substring(value from 1 for 7), 'hex'))::bit(56)::bigint
$$;

update event_words set created_at = events.created_at, facets =
  array(
    select (level::bigint << 56) | (events.created_at >> bits)
    from unnest(array[1, 2, 3, 4, 5], array[8, 12, 16, 20, 24]) as span (level, bits)
  )
  || ((6::bigint << 56) | events.kind)
  || pg_temp.facet(7, events.pubkey)
  || array(
    select pg_temp.facet(ascii(name::text), sha256(value)) from tags where tags.event = events.key
  )
from events where events.key = event_words.event;

delete from event_words where facets is null;

drop function pg_temp.facet(integer, bytea);

alter table event_words
  alter column created_at set not null,
  alter column facets set not null;

drop index event_words_by_word;

-- What was just written waits in a list that every search reads, so it has to be short: 32 pages.
create index event_words_by_word on event_words using gin (words, facets)
  with (gin_pending_list_limit = 256);
