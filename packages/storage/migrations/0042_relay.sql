-- Adds to the queue: whether a message's sender may be told of it, what comes first, fields of mailing lists, a history of each
-- recipient, rules of what is held, and addresses that get nothing. Three tables are new; what is queued stays as it is.

ALTER TABLE "queue_messages" ADD COLUMN "tells_sender" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "queue_recipients" ADD COLUMN "is_bulk" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "queue_recipients" ADD COLUMN "list_fields" text;--> statement-breakpoint
ALTER TABLE "queue_recipients" ADD COLUMN "held_by" bigint;--> statement-breakpoint
CREATE INDEX "queue_recipients_bulk_due" ON "queue_recipients" USING btree ("is_bulk","next_attempt_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE TABLE "queue_events" (
	"event_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "queue_events_event_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"recipient_id" bigint NOT NULL,
	"happened_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"type" text NOT NULL,
	"status" text,
	"reply" text,
	"mta" text,
	"next_attempt_at" timestamp (3) with time zone,
	CONSTRAINT "queue_events_type" CHECK ("queue_events"."type" in ('deferred', 'delivered', 'failed', 'held', 'released', 'retried', 'dropped'))
);
--> statement-breakpoint
ALTER TABLE "queue_events" ADD CONSTRAINT "queue_events_recipient_id_queue_recipients_recipient_id_fk" FOREIGN KEY ("recipient_id") REFERENCES "public"."queue_recipients"("recipient_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "queue_events_recipient" ON "queue_events" USING btree ("recipient_id");--> statement-breakpoint
CREATE TABLE "queue_hold_rules" (
	"rule_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "queue_hold_rules_rule_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"value" text NOT NULL,
	"reason" text NOT NULL,
	"added_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "queue_hold_rules_unique" UNIQUE("kind","value"),
	CONSTRAINT "queue_hold_rules_kind" CHECK ("queue_hold_rules"."kind" in ('sender', 'domain', 'account'))
);
--> statement-breakpoint
CREATE TABLE "queue_suppressions" (
	"address" text PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"added_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
