-- Adds which copies of a held message were delivered, so that its sender is told of them also if the process ends in between. The
-- table is new and empty; no mail is touched.

CREATE TABLE "held_delivered" (
	"account_id" bigint NOT NULL,
	"message_id" uuid NOT NULL,
	"copy" integer NOT NULL,
	"forward_path" text NOT NULL,
	"details" jsonb,
	CONSTRAINT "held_delivered_account_id_message_id_copy_pk" PRIMARY KEY("account_id","message_id","copy")
);
