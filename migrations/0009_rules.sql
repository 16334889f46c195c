-- What the operator decides one by one while the relay runs (NIP-86): banned and allowed keys, events and
-- kinds, blocked addresses, a new name. Events of a banned key and banned events stay stored and are not
-- shown; `mark` is how a query finds that out: the author's fingerprint or the beginning of the event's id.
create table rules (
  list text not null,
  value text not null,
  reason text not null,
  mark uuid,
  primary key (list, value)
);

create index rules_by_mark on rules (mark) where mark is not null;

-- Who changed what, and when. `before` and `after` are reasons; null where the value was not in the list.
create table rule_log (
  number bigint generated always as identity primary key,
  at_s bigint not null,
  who text not null,
  list text not null,
  value text not null,
  before text,
  after text
);
