-- The words by which events are found (NIP-50), in a table of their own: whoever does not search pays
-- nothing for it. What a word is, is decided by the program (`src/nostr/words.ts`) and not by a text
-- search configuration, so that live and stored events agree, whatever the locale of the database.

create table event_words (
  -- events.key. Not a foreign key, as in `tags`; the triggers below keep the two together.
  event bigint primary key,
  -- Words with their places; those of names and titles with the weight A.
  words tsvector not null
);

create index event_words_by_word on event_words using gin (words);

-- Words go with the version that they are of, however it goes. When search is off, the table is empty
-- and this costs one look for each batch.

create function forget_words_of_deleted() returns trigger language plpgsql as $$
begin
  delete from event_words using before where event_words.event = before.key;
  return null;
end
$$;

create function forget_words_of_replaced() returns trigger language plpgsql as $$
begin
  delete from event_words using before join after on after.key = before.key
  where event_words.event = before.key and after.id <> before.id;
  return null;
end
$$;

create trigger words_of_deleted after delete on events
  referencing old table as before
  for each statement execute function forget_words_of_deleted();

create trigger words_of_replaced after update on events
  referencing old table as before new table as after
  for each statement execute function forget_words_of_replaced();
