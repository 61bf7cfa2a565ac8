-- Adds an index by which an account's sent mail is found, also what is finished, however much others have sent. No row is changed.

CREATE INDEX "queue_recipients_sent" ON "queue_recipients" USING btree ("account_id","recipient_id") WHERE account_id is not null;
