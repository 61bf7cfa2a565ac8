-- Adds the history of logins, and the counts of those that failed by where they came from. Two tables are new; no mail is
-- touched.

CREATE TABLE "login_attempts" (
	"attempt_key" "bytea" PRIMARY KEY NOT NULL,
	"first_at" timestamp (3) with time zone NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	"count" integer NOT NULL,
	"account_id" bigint,
	"login_name" text,
	"client_address" "inet",
	"network" "cidr",
	"service" text NOT NULL,
	"mechanism" text,
	"tls_version" text,
	"credential_kind" text,
	"credential_name" text,
	"key_fingerprint" text,
	"program" text,
	"outcome" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "login_failures" (
	"scope" text PRIMARY KEY NOT NULL,
	"empty_at" timestamp (3) with time zone NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "login_attempts_account" ON "login_attempts" USING btree ("account_id","last_at");--> statement-breakpoint
CREATE INDEX "login_attempts_last" ON "login_attempts" USING btree ("last_at");--> statement-breakpoint
CREATE INDEX "login_attempts_networks" ON "login_attempts" USING btree ("account_id","network") WHERE "login_attempts"."network" is not null;--> statement-breakpoint
CREATE INDEX "login_failures_changed" ON "login_failures" USING btree ("changed_at");