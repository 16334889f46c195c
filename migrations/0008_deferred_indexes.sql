-- To fill an empty database, it is quicker to write without the indexes that only queries need and to
-- build them from all that is there. What is still to be built stands here, in the words of Postgres, so
-- that whoever opens the database next builds it if whoever filled it was killed.
create table deferred_indexes (
  name text primary key,
  definition text not null
);
