-- Adds what became of each recipient of each mail transaction, for who is asked where a message is, and how much mail came in each
-- hour. Two tables are new; copies that wait or are held, and mail that was delivered, stay as they are.

CREATE TABLE "mail_transactions" (
	"transaction_id" uuid NOT NULL,
	"recipient_no" integer NOT NULL,
	"settled_at" timestamp (3) with time zone NOT NULL,
	"count" integer DEFAULT 1 NOT NULL,
	"listener" text NOT NULL,
	"protocol" text,
	"connection_id" text,
	"message_no" integer,
	"client_address" "inet",
	"client_name" text,
	"tls_version" text,
	"sender_account_id" bigint,
	"reverse_path" text,
	"recipient" text,
	"destination" text,
	"account_id" bigint,
	"message_id" text,
	"size_octets" bigint,
	"checks" text,
	"stage" text NOT NULL,
	"outcome" text NOT NULL,
	"reply_code" smallint,
	"reply_status" text,
	"reply_text" text,
	"uidvalidity" bigint,
	"uid" bigint,
	"release_at" timestamp (3) with time zone,
	CONSTRAINT "mail_transactions_transaction_id_recipient_no_pk" PRIMARY KEY("transaction_id","recipient_no"),
	CONSTRAINT "mail_transactions_stage" CHECK ("mail_transactions"."stage" in ('connection', 'MAIL', 'RCPT', 'message')),
	CONSTRAINT "mail_transactions_outcome" CHECK ("mail_transactions"."outcome" in ('delivered', 'junk', 'waiting', 'held', 'queued', 'left-out', 'suspect', 'refused', 'deferred', 'broken-off', 'given-up'))
);
--> statement-breakpoint
CREATE TABLE "mail_hours" (
	"hour" timestamp (3) with time zone NOT NULL,
	"kind" text NOT NULL,
	"messages" bigint NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mail_hours_hour_kind_pk" PRIMARY KEY("hour","kind"),
	CONSTRAINT "mail_hours_kind" CHECK ("mail_hours"."kind" in ('received', 'submitted', 'refused'))
);
--> statement-breakpoint
CREATE INDEX "mail_transactions_recipient" ON "mail_transactions" USING btree (lower("recipient"),"transaction_id") WHERE recipient is not null;--> statement-breakpoint
CREATE INDEX "mail_transactions_destination" ON "mail_transactions" USING btree (lower("destination"),"transaction_id") WHERE destination is not null;--> statement-breakpoint
CREATE INDEX "mail_transactions_reverse_path" ON "mail_transactions" USING btree (lower("reverse_path"),"transaction_id") WHERE reverse_path <> '';--> statement-breakpoint
CREATE INDEX "mail_transactions_message_id" ON "mail_transactions" USING btree ("message_id","transaction_id") WHERE message_id is not null;--> statement-breakpoint
CREATE INDEX "mail_transactions_connection" ON "mail_transactions" USING btree ("connection_id") WHERE connection_id is not null;--> statement-breakpoint
CREATE INDEX "mail_transactions_client" ON "mail_transactions" USING btree ("client_address","transaction_id") WHERE client_address is not null;--> statement-breakpoint
CREATE INDEX "mail_transactions_account" ON "mail_transactions" USING btree ("account_id","transaction_id") WHERE account_id is not null;--> statement-breakpoint
CREATE INDEX "mail_transactions_sender" ON "mail_transactions" USING btree ("sender_account_id","transaction_id") WHERE sender_account_id is not null;--> statement-breakpoint
CREATE INDEX "queue_messages_name" ON "queue_messages" USING btree ("name");--> statement-breakpoint
CREATE VIEW mail.transactions AS
SELECT t.transaction_id, t.recipient_no, t.settled_at, t.count, t.listener, t.protocol, t.connection_id,
       t.connection_id || '-' || t.message_no AS message, t.client_address, t.client_name, t.tls_version,
       t.sender_account_id, s.name AS sender, t.reverse_path, t.recipient, t.destination, t.account_id, a.name AS account, t.message_id,
       t.size_octets, t.checks, t.stage, t.outcome, t.reply_code, t.reply_status, t.reply_text, t.uidvalidity, t.uid, t.release_at
  FROM public.mail_transactions AS t
  LEFT JOIN public.accounts AS a ON a.account_id = t.account_id
  LEFT JOIN public.accounts AS s ON s.account_id = t.sender_account_id;
--> statement-breakpoint
CREATE VIEW mail.hours AS
SELECT h.hour, h.kind, h.messages, h.last_at FROM public.mail_hours AS h;
--> statement-breakpoint
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'postel_reader') THEN RETURN; END IF;
  GRANT SELECT ON mail.transactions, mail.hours TO postel_reader;
END $$;
