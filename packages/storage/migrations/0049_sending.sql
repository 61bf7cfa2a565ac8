-- Adds to the queue a clock of its own, which counts the time in which mail is being sent: lifetimes go by it, not by the time of day,
-- which jumps; what has been tried before keeps its age. Adds to domains which policy of MTA-STS they publish, testing as before, and
-- webhooks with the events that wait for them; what is queued from now on has its Message-ID noted. Three tables are new.

CREATE TABLE "queue_clock" (
	"is_one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"counted_ms" bigint NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "queue_clock_is_one" CHECK ("queue_clock"."is_one")
);
--> statement-breakpoint
INSERT INTO "queue_clock" ("counted_ms", "seen_at") VALUES (0, now());--> statement-breakpoint
ALTER TABLE "queue_recipients" ADD COLUMN "tried_since_ms" bigint;--> statement-breakpoint
UPDATE "queue_recipients" AS r SET "tried_since_ms" = - greatest(extract(epoch from now() - m."released_at") * 1000, 0)::bigint
  FROM "queue_messages" AS m WHERE m."message_id" = r."message_id" AND r."finished_at" IS NULL AND r."attempts" > 0;--> statement-breakpoint
ALTER TABLE "domains" ADD COLUMN "mta_sts_mode" text DEFAULT 'testing' NOT NULL;--> statement-breakpoint
ALTER TABLE "domains" ADD CONSTRAINT "domains_mta_sts_mode" CHECK ("domains"."mta_sts_mode" in ('testing', 'enforce', 'none'));
--> statement-breakpoint
CREATE TABLE "webhooks" (
	"webhook_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "webhooks_webhook_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"account_id" bigint,
	"url" text NOT NULL,
	"secret" text NOT NULL,
	"events" text[] NOT NULL,
	"allows_private" boolean NOT NULL,
	"added_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"taken_at" timestamp (3) with time zone,
	"last_failure" text,
	"failed_at" timestamp (3) with time zone,
	"paused_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "webhooks_account" ON "webhooks" USING btree ("account_id");--> statement-breakpoint
CREATE TABLE "webhook_events" (
	"event_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "webhook_events_event_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"webhook_id" bigint NOT NULL,
	"happened_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"body" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"lease" uuid
);
--> statement-breakpoint
ALTER TABLE "webhook_events" ADD CONSTRAINT "webhook_events_webhook_id_webhooks_webhook_id_fk" FOREIGN KEY ("webhook_id") REFERENCES "public"."webhooks"("webhook_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "webhook_events_webhook" ON "webhook_events" USING btree ("webhook_id");--> statement-breakpoint
CREATE INDEX "webhook_events_due" ON "webhook_events" USING btree ("next_attempt_at");--> statement-breakpoint
ALTER TABLE "queue_messages" ADD COLUMN "header_message_id" text;
