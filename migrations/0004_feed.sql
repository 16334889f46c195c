-- Several instances on one database tell each other what they stored by its sequence number. Whoever
-- was told, or comes back after its connection was lost, reads the events by that number.

create index events_by_seq on events (seq);

-- Gives each instance that listens a number, by which it knows its own voice.
create sequence instances;
