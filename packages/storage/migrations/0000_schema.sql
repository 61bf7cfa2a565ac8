CREATE TABLE "accounts" (
	"account_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "accounts_account_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"is_disabled" boolean DEFAULT false NOT NULL,
	"modseq" bigint DEFAULT 1 NOT NULL,
	"next_object_id" bigint DEFAULT 1 NOT NULL,
	"next_uidvalidity" bigint NOT NULL,
	"quota_octets" bigint,
	"quota_messages" bigint,
	"quota_mailboxes" bigint,
	"used_octets" bigint DEFAULT 0 NOT NULL,
	"used_messages" bigint DEFAULT 0 NOT NULL,
	"used_mailboxes" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "accounts_modseq_below_2_53" CHECK ("accounts"."modseq" < 9007199254740992),
	CONSTRAINT "accounts_uidvalidity_32_bits" CHECK ("accounts"."next_uidvalidity" <= 4294967295),
	CONSTRAINT "accounts_use_not_negative" CHECK (least("accounts"."used_octets", "accounts"."used_messages", "accounts"."used_mailboxes") >= 0)
);
--> statement-breakpoint
CREATE TABLE "acls" (
	"account_id" bigint NOT NULL,
	"mailbox_id" bigint NOT NULL,
	"identifier" text NOT NULL,
	"rights" text NOT NULL,
	"mod_seq" bigint NOT NULL,
	CONSTRAINT "acls_account_id_mailbox_id_identifier_pk" PRIMARY KEY("account_id","mailbox_id","identifier")
);
--> statement-breakpoint
CREATE TABLE "addresses" (
	"domain_id" bigint NOT NULL,
	"local_part" text NOT NULL,
	"account_id" bigint NOT NULL,
	CONSTRAINT "addresses_domain_id_local_part_pk" PRIMARY KEY("domain_id","local_part")
);
--> statement-breakpoint
CREATE TABLE "annotations" (
	"account_id" bigint NOT NULL,
	"mailbox_id" bigint NOT NULL,
	"entry" text NOT NULL,
	"value" "bytea",
	"create_seq" bigint NOT NULL,
	"mod_seq" bigint NOT NULL,
	CONSTRAINT "annotations_account_id_mailbox_id_entry_pk" PRIMARY KEY("account_id","mailbox_id","entry")
);
--> statement-breakpoint
CREATE TABLE "changes" (
	"account_id" bigint NOT NULL,
	"mailbox_id" bigint NOT NULL,
	"mod_seq" bigint NOT NULL,
	"uids" "int8multirange" NOT NULL,
	CONSTRAINT "changes_account_id_mailbox_id_mod_seq_pk" PRIMARY KEY("account_id","mailbox_id","mod_seq")
);
--> statement-breakpoint
CREATE TABLE "contents" (
	"account_id" bigint NOT NULL,
	"content_id" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	"size_octets" bigint NOT NULL,
	"header_octets" bigint NOT NULL,
	"octets" "bytea",
	"blob_name" text,
	"envelope" "bytea" NOT NULL,
	"body_structure" "bytea" NOT NULL,
	"body" "bytea" NOT NULL,
	"part_index" "bytea" NOT NULL,
	"preview" text,
	"search_text" text,
	CONSTRAINT "contents_account_id_content_id_pk" PRIMARY KEY("account_id","content_id"),
	CONSTRAINT "contents_stored_once" CHECK (("contents"."octets" is null) <> ("contents"."blob_name" is null))
);
--> statement-breakpoint
CREATE TABLE "credentials" (
	"account_id" bigint NOT NULL,
	"credential_id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "credentials_credential_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"sha256_stored_key" "bytea" NOT NULL,
	"sha256_server_key" "bytea" NOT NULL,
	"sha1_stored_key" "bytea" NOT NULL,
	"sha1_server_key" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "credentials_account_id_credential_id_pk" PRIMARY KEY("account_id","credential_id")
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"account_id" bigint NOT NULL,
	"email_id" bigint NOT NULL,
	"prefix" "bytea" NOT NULL,
	"reverse_path" text NOT NULL,
	"forward_path" text NOT NULL,
	"protocol" text NOT NULL,
	"client_address" "inet",
	"client_name" text,
	"received_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "deliveries_account_id_email_id_pk" PRIMARY KEY("account_id","email_id")
);
--> statement-breakpoint
CREATE TABLE "domains" (
	"domain_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "domains_domain_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"catchall_account_id" bigint
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"directory_version" bigint DEFAULT 1 NOT NULL,
	"uidvalidity_floor" bigint DEFAULT 1 NOT NULL,
	"salt_key" "bytea" DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) NOT NULL,
	CONSTRAINT "installation_is_one_row" CHECK ("installation"."one")
);
--> statement-breakpoint
CREATE TABLE "keywords" (
	"account_id" bigint NOT NULL,
	"mailbox_id" bigint NOT NULL,
	"keyword_id" integer NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "keywords_account_id_mailbox_id_keyword_id_pk" PRIMARY KEY("account_id","mailbox_id","keyword_id")
);
--> statement-breakpoint
CREATE TABLE "mailboxes" (
	"account_id" bigint NOT NULL,
	"mailbox_id" bigint NOT NULL,
	"name" text NOT NULL,
	"special_use" text,
	"uidvalidity" bigint NOT NULL,
	"uid_next" bigint DEFAULT 1 NOT NULL,
	"recent_uid" bigint DEFAULT 0 NOT NULL,
	"create_seq" bigint NOT NULL,
	"mod_seq" bigint NOT NULL,
	"highest_mod_seq" bigint NOT NULL,
	"pruned_seq" bigint DEFAULT 0 NOT NULL,
	"expunged_seq" bigint,
	"next_keyword_id" integer DEFAULT 1 NOT NULL,
	"messages" bigint DEFAULT 0 NOT NULL,
	"unseen" bigint DEFAULT 0 NOT NULL,
	"deleted" bigint DEFAULT 0 NOT NULL,
	"octets" bigint DEFAULT 0 NOT NULL,
	"deleted_octets" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "mailboxes_account_id_mailbox_id_pk" PRIMARY KEY("account_id","mailbox_id"),
	CONSTRAINT "mailboxes_uid_32_bits" CHECK ("mailboxes"."uid_next" <= 4294967296 and "mailboxes"."uidvalidity" <= 4294967295),
	CONSTRAINT "mailboxes_counts_not_negative" CHECK (least("mailboxes"."messages", "mailboxes"."unseen", "mailboxes"."deleted", "mailboxes"."octets", "mailboxes"."deleted_octets") >= 0)
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"account_id" bigint NOT NULL,
	"mailbox_id" bigint NOT NULL,
	"uid" bigint NOT NULL,
	"create_seq" bigint NOT NULL,
	"mod_seq" bigint NOT NULL,
	"internal_date" timestamp (3) with time zone NOT NULL,
	"save_date" timestamp (3) with time zone NOT NULL,
	"content_id" bigint NOT NULL,
	"email_id" bigint NOT NULL,
	"thread_id" bigint,
	"size_octets" bigint NOT NULL,
	"prefix_octets" integer DEFAULT 0 NOT NULL,
	"flags" smallint NOT NULL,
	"keywords" integer[] DEFAULT '{}' NOT NULL,
	CONSTRAINT "messages_account_id_mailbox_id_uid_pk" PRIMARY KEY("account_id","mailbox_id","uid")
);
--> statement-breakpoint
CREATE TABLE "scram_parameters" (
	"account_id" bigint PRIMARY KEY NOT NULL,
	"sha256_salt" "bytea" NOT NULL,
	"sha256_iterations" integer NOT NULL,
	"sha1_salt" "bytea" NOT NULL,
	"sha1_iterations" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"account_id" bigint NOT NULL,
	"name" text NOT NULL,
	"mod_seq" bigint NOT NULL,
	CONSTRAINT "subscriptions_account_id_name_pk" PRIMARY KEY("account_id","name")
);
--> statement-breakpoint
CREATE TABLE "tombstones" (
	"account_id" bigint NOT NULL,
	"mailbox_id" bigint NOT NULL,
	"uid" bigint NOT NULL,
	"create_seq" bigint NOT NULL,
	"mod_seq" bigint NOT NULL,
	"internal_date" timestamp (3) with time zone NOT NULL,
	"save_date" timestamp (3) with time zone NOT NULL,
	"content_id" bigint NOT NULL,
	"email_id" bigint NOT NULL,
	"thread_id" bigint,
	"size_octets" bigint NOT NULL,
	"prefix_octets" integer NOT NULL,
	"flags" smallint NOT NULL,
	"keywords" integer[] NOT NULL,
	"expunged_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"was_moved" boolean DEFAULT false NOT NULL,
	CONSTRAINT "tombstones_account_id_mailbox_id_uid_pk" PRIMARY KEY("account_id","mailbox_id","uid")
);
--> statement-breakpoint
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_domain_id_domains_domain_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."domains"("domain_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "domains" ADD CONSTRAINT "domains_catchall_account_id_accounts_account_id_fk" FOREIGN KEY ("catchall_account_id") REFERENCES "public"."accounts"("account_id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scram_parameters" ADD CONSTRAINT "scram_parameters_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "accounts_name" ON "accounts" USING btree ("name");--> statement-breakpoint
CREATE INDEX "addresses_account" ON "addresses" USING btree ("account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "contents_hash" ON "contents" USING btree ("account_id","hash");--> statement-breakpoint
CREATE UNIQUE INDEX "credentials_one_password" ON "credentials" USING btree ("account_id") WHERE "credentials"."kind" = 'password';--> statement-breakpoint
CREATE UNIQUE INDEX "domains_name" ON "domains" USING btree ("name");--> statement-breakpoint
CREATE UNIQUE INDEX "keywords_name" ON "keywords" USING btree ("account_id","mailbox_id",lower("name"));--> statement-breakpoint
CREATE UNIQUE INDEX "mailboxes_name" ON "mailboxes" USING btree ("account_id","name") WHERE "mailboxes"."expunged_seq" is null;--> statement-breakpoint
CREATE INDEX "messages_content" ON "messages" USING btree ("account_id","content_id");--> statement-breakpoint
CREATE INDEX "tombstones_mod_seq" ON "tombstones" USING btree ("account_id","mailbox_id","mod_seq");--> statement-breakpoint
CREATE INDEX "tombstones_content" ON "tombstones" USING btree ("account_id","content_id");