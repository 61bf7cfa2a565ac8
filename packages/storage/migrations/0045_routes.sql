-- Adds the ways by which mail leaves: routes, and the rules that choose one; and to the queue by which of them a recipient is to go, and
-- went. Two tables are new; what is queued stays as it is, and goes as before.

CREATE TABLE "routes" (
	"route_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "routes_route_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"settings" jsonb NOT NULL,
	"secret_names" text[] DEFAULT '{}'::text[] NOT NULL,
	"secrets" "bytea",
	"revision" bigint DEFAULT 1 NOT NULL,
	"is_default" boolean DEFAULT false NOT NULL,
	CONSTRAINT "routes_name_unique" UNIQUE("name"),
	CONSTRAINT "routes_secrets" CHECK (("routes"."secrets" is null) = ("routes"."secret_names" = '{}'::text[]))
);
--> statement-breakpoint
CREATE UNIQUE INDEX "routes_one_default" ON "routes" USING btree ("is_default") WHERE is_default;--> statement-breakpoint
CREATE TABLE "route_rules" (
	"rule_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "route_rules_rule_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"position" integer NOT NULL,
	"sender" text,
	"recipient" text,
	"account_id" bigint,
	"route_id" bigint,
	CONSTRAINT "route_rules_condition" CHECK ("route_rules"."sender" is not null or "route_rules"."recipient" is not null or "route_rules"."account_id" is not null)
);
--> statement-breakpoint
ALTER TABLE "route_rules" ADD CONSTRAINT "route_rules_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "route_rules" ADD CONSTRAINT "route_rules_route_id_routes_route_id_fk" FOREIGN KEY ("route_id") REFERENCES "public"."routes"("route_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "queue_recipients" ADD COLUMN "pinned_route" text;--> statement-breakpoint
ALTER TABLE "queue_recipients" ADD COLUMN "last_route" text;--> statement-breakpoint
ALTER TABLE "queue_events" ADD COLUMN "route" text;--> statement-breakpoint
ALTER TABLE "queue_events" DROP CONSTRAINT "queue_events_type";--> statement-breakpoint
ALTER TABLE "queue_events" ADD CONSTRAINT "queue_events_type" CHECK ("queue_events"."type" in ('deferred', 'delivered', 'failed', 'held', 'released', 'retried', 'dropped', 'routed'));
