-- Profiles are mostly searched for by themselves, and are few among all that have a common word. So each of
-- their words is in the index a second time, as a word of profiles (`src/store/profile_word.ts`).

update event_words set words = event_words.words || array_to_tsvector(array(
  select '0:' || word from unnest(tsvector_to_array(event_words.words)) as word
))
from events where events.key = event_words.event and events.kind = 0;

-- How common words are tells how far back a search has to look (`src/store/word_shares.ts`): of three
-- times as many as Postgres would know.
alter table event_words alter column words set statistics 300;
