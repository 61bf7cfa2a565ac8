-- Administrators of domains, and what the web needs to know of how fresh a proof of identity is, and of sign-ins by the key of a
-- device. New tables and columns that may be empty; no mail is touched.

ALTER TABLE "accounts" DROP CONSTRAINT "accounts_role";--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_role" CHECK ("accounts"."role" in ('account', 'domain-admin', 'owner'));--> statement-breakpoint
CREATE TABLE "administered_domains" (
	"account_id" bigint NOT NULL,
	"domain_id" bigint NOT NULL,
	CONSTRAINT "administered_domains_account_id_domain_id_pk" PRIMARY KEY("account_id","domain_id")
);
--> statement-breakpoint
CREATE TABLE "key_sign_ins" (
	"state_hash" "bytea" PRIMARY KEY NOT NULL,
	"browser_hash" "bytea" NOT NULL,
	"return_to" text NOT NULL,
	"code_hash" "bytea",
	"fingerprint" "bytea",
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "web_sessions" ADD COLUMN "proved_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "web_sessions" ADD COLUMN "key_fingerprint" "bytea";--> statement-breakpoint
ALTER TABLE "administered_domains" ADD CONSTRAINT "administered_domains_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "administered_domains" ADD CONSTRAINT "administered_domains_domain_id_domains_domain_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."domains"("domain_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "administered_domains_domain" ON "administered_domains" USING btree ("domain_id");--> statement-breakpoint
CREATE INDEX "key_sign_ins_expiry" ON "key_sign_ins" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "passkey_challenges_expiry" ON "passkey_challenges" USING btree ("expires_at");
