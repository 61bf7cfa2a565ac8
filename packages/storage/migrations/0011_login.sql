-- Adds TLS public keys, and app passwords beside each account's own: with a name, what they are good for, until when and from
-- where. Two tables are changed or new; no mail is touched.

CREATE TABLE "tls_public_keys" (
	"fingerprint" "bytea" PRIMARY KEY NOT NULL,
	"account_id" bigint NOT NULL,
	"subject_public_key_info" "bytea" NOT NULL,
	"key_type" text NOT NULL,
	"name" text NOT NULL,
	"login_address" text,
	"is_imap_preauth" boolean DEFAULT true NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"last_used_from" "inet"
);
--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "name" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "may_use_imap" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "may_use_smtp" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "networks" "cidr"[];--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "shared_secret" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "last_used_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "last_used_from" "inet";--> statement-breakpoint
ALTER TABLE "tls_public_keys" ADD CONSTRAINT "tls_public_keys_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "tls_public_keys_account" ON "tls_public_keys" USING btree ("account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "credentials_app_password_names" ON "credentials" USING btree ("account_id","name") WHERE "credentials"."kind" = 'app-password';--> statement-breakpoint
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_kinds" CHECK (("credentials"."kind" = 'password') = ("credentials"."name" is null));