-- Finds attempts that were put off by when they were made, so that they can be counted by the hour. One index is new.

CREATE INDEX "queue_events_deferred" ON "queue_events" USING btree ("happened_at") WHERE type = 'deferred';
