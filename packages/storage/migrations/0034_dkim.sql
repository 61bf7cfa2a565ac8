-- Adds the DKIM keys of domains (RFC 6376). One table is new, of which postel_reader sees nothing; no mail is touched.

CREATE TABLE "dkim_keys" (
	"key_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "dkim_keys_key_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"domain_id" bigint NOT NULL,
	"selector" text NOT NULL,
	"algorithm" text NOT NULL,
	"public_key" "bytea" NOT NULL,
	"private_key" "bytea",
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp (3) with time zone,
	"active_since" timestamp (3) with time zone,
	"retired_at" timestamp (3) with time zone,
	"published_until" timestamp (3) with time zone,
	CONSTRAINT "dkim_keys_retired" CHECK (("dkim_keys"."retired_at" is null) = ("dkim_keys"."private_key" is not null) and ("dkim_keys"."retired_at" is null) = ("dkim_keys"."published_until" is null))
);
--> statement-breakpoint
ALTER TABLE "dkim_keys" ADD CONSTRAINT "dkim_keys_domain_id_domains_domain_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."domains"("domain_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "dkim_keys_selectors" ON "dkim_keys" USING btree ("domain_id","selector");--> statement-breakpoint
CREATE UNIQUE INDEX "dkim_keys_one_active" ON "dkim_keys" USING btree ("domain_id","algorithm") WHERE "dkim_keys"."active_since" is not null and "dkim_keys"."retired_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "dkim_keys_one_made" ON "dkim_keys" USING btree ("domain_id","algorithm") WHERE "dkim_keys"."active_since" is null and "dkim_keys"."retired_at" is null;
