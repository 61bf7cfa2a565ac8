-- Adds what is known of the TLS of other servers: policies of domains (MTA-STS), and which hosts offered TLS and with which key. Two
-- tables are new. Messages in the queue can say that their sender would rather have them go in the clear than not at all (RFC 8689 §3).

CREATE TABLE "sts_policies" (
	"domain" text PRIMARY KEY NOT NULL,
	"policy_id" text,
	"policy" text,
	"fetched_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone,
	"refresh_at" timestamp (3) with time zone,
	"used_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"failed_id" text,
	"failed_at" timestamp (3) with time zone,
	"failure" text
);
--> statement-breakpoint
CREATE INDEX "sts_policies_refresh" ON "sts_policies" USING btree ("refresh_at");--> statement-breakpoint
CREATE TABLE "tls_hosts" (
	"host" text PRIMARY KEY NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"key_since" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"first_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"missing_since" timestamp (3) with time zone,
	"missing_reason" text
);
--> statement-breakpoint
CREATE INDEX "tls_hosts_seen" ON "tls_hosts" USING btree ("seen_at");--> statement-breakpoint
ALTER TABLE "queue_messages" ADD COLUMN "is_tls_optional" boolean DEFAULT false NOT NULL;
