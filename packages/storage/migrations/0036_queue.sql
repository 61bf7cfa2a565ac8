-- Adds the queue of mail that goes to other servers: messages, their octets in pieces, and a row for each recipient. Three tables are
-- new; no mail is touched.

CREATE TABLE "queue_messages" (
	"message_id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"account_id" bigint,
	"queued_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"released_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"reverse_path" text NOT NULL,
	"size_octets" bigint NOT NULL,
	"is_8bit" boolean NOT NULL,
	"has_utf8_header" boolean NOT NULL,
	"is_binary" boolean NOT NULL,
	"is_utf8" boolean NOT NULL,
	"requires_tls" boolean NOT NULL,
	"envelope_id" text,
	"return_content" text,
	"submitter" text,
	"release_request" text,
	"signers" text[] DEFAULT '{}'::text[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "queue_contents" (
	"message_id" uuid NOT NULL,
	"chunk" integer NOT NULL,
	"octets" "bytea" NOT NULL,
	"stored_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "queue_contents_message_id_chunk_pk" PRIMARY KEY("message_id","chunk")
);
--> statement-breakpoint
ALTER TABLE "queue_contents" ALTER COLUMN "octets" SET STORAGE EXTERNAL;--> statement-breakpoint
CREATE TABLE "queue_recipients" (
	"recipient_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "queue_recipients_recipient_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"message_id" uuid NOT NULL,
	"account_id" bigint,
	"forward_path" text NOT NULL,
	"domain" text NOT NULL,
	"alias" text,
	"notify" text[],
	"original_recipient" text,
	"state" text DEFAULT 'waiting' NOT NULL,
	"next_attempt_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"lease" uuid,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_attempt_at" timestamp (3) with time zone,
	"last_status" text,
	"last_reply" text,
	"last_mta" text,
	"delay_told_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "queue_recipients_state" CHECK ("queue_recipients"."state" in ('waiting', 'held', 'delivered', 'failed', 'dropped'))
);
--> statement-breakpoint
ALTER TABLE "queue_recipients" ADD CONSTRAINT "queue_recipients_message_id_queue_messages_message_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."queue_messages"("message_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "queue_recipients_due" ON "queue_recipients" USING btree ("next_attempt_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "queue_recipients_message" ON "queue_recipients" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "queue_recipients_account" ON "queue_recipients" USING btree ("account_id") WHERE finished_at is null;--> statement-breakpoint
CREATE INDEX "queue_recipients_finished" ON "queue_recipients" USING btree ("finished_at") WHERE finished_at is not null;
