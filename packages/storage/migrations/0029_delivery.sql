-- Adds aliases with their members, the mailbox that an address delivers to, rules of local parts for each domain, and copies of
-- accepted messages that wait for an account. Four tables are new, two get columns; no mail is touched.

ALTER TABLE "domains" ADD COLUMN "detail_separators" text DEFAULT '+' NOT NULL;--> statement-breakpoint
ALTER TABLE "domains" ADD COLUMN "is_case_sensitive" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "addresses" ADD COLUMN "mailbox_id" bigint;--> statement-breakpoint
CREATE TABLE "aliases" (
	"alias_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "aliases_alias_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"domain_id" bigint NOT NULL,
	"local_part" text NOT NULL,
	"posters" text DEFAULT 'anyone' NOT NULL,
	"shows_members" boolean DEFAULT false NOT NULL,
	"may_send_as" boolean DEFAULT false NOT NULL,
	CONSTRAINT "aliases_posters" CHECK ("aliases"."posters" in ('anyone', 'members', 'named'))
);
--> statement-breakpoint
CREATE TABLE "alias_entries" (
	"alias_id" bigint NOT NULL,
	"domain" text NOT NULL,
	"folded_part" text NOT NULL,
	"local_part" text NOT NULL,
	"is_member" boolean NOT NULL,
	"may_post" boolean NOT NULL,
	CONSTRAINT "alias_entries_alias_id_domain_folded_part_pk" PRIMARY KEY("alias_id","domain","folded_part")
);
--> statement-breakpoint
CREATE TABLE "waiting_deliveries" (
	"account_id" bigint NOT NULL,
	"delivery_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"mailbox_id" bigint,
	"system_flags" smallint NOT NULL,
	"internal_date" timestamp (3) with time zone NOT NULL,
	"prefix" "bytea" NOT NULL,
	"reverse_path" text NOT NULL,
	"forward_path" text NOT NULL,
	"protocol" text NOT NULL,
	"client_address" "inet",
	"client_name" text,
	"queued_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"next_attempt_at" timestamp (3) with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_failure" text NOT NULL,
	CONSTRAINT "waiting_deliveries_account_id_delivery_id_pk" PRIMARY KEY("account_id","delivery_id")
);
--> statement-breakpoint
CREATE TABLE "waiting_contents" (
	"account_id" bigint NOT NULL,
	"delivery_id" uuid NOT NULL,
	"chunk" integer NOT NULL,
	"octets" "bytea" NOT NULL,
	"stored_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "waiting_contents_account_id_delivery_id_chunk_pk" PRIMARY KEY("account_id","delivery_id","chunk")
);
--> statement-breakpoint
ALTER TABLE "waiting_contents" ALTER COLUMN "octets" SET STORAGE EXTERNAL;--> statement-breakpoint
CREATE UNIQUE INDEX "aliases_local_part" ON "aliases" USING btree ("domain_id","local_part");--> statement-breakpoint
ALTER TABLE "aliases" ADD CONSTRAINT "aliases_domain_id_domains_domain_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."domains"("domain_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alias_entries" ADD CONSTRAINT "alias_entries_alias_id_aliases_alias_id_fk" FOREIGN KEY ("alias_id") REFERENCES "public"."aliases"("alias_id") ON DELETE cascade ON UPDATE no action;
