-- Adds to the queue a clock of its own, which counts the time in which mail is being sent: lifetimes go by it, not by the time of day,
-- which jumps; what has been tried before keeps its age. Adds to domains which policy of MTA-STS they publish: testing, as before.

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
