-- Says of each account what it may do beside its own mail (`owner`: administer the server), and makes room for the keys that IMAP
-- URLs are authorized by (RFC 4467). One table gets a column; nobody is an owner until somebody is made one.

ALTER TABLE "accounts" ADD COLUMN "role" text DEFAULT 'account' NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_role" CHECK ("accounts"."role" in ('account', 'owner'));--> statement-breakpoint
CREATE OR REPLACE VIEW mail.accounts AS
SELECT a.account_id, a.name AS account, a.created_at, a.is_disabled, a.used_messages AS messages, a.used_octets AS octets,
       a.used_mailboxes AS mailboxes, a.quota_messages AS messages_limit, a.quota_octets AS octets_limit,
       a.quota_mailboxes AS mailboxes_limit, a.role
  FROM public.accounts AS a;
--> statement-breakpoint
CREATE TABLE "url_keys" (
	"account_id" bigint NOT NULL,
	"owner_id" bigint NOT NULL,
	"mailbox_id" bigint NOT NULL,
	"key" "bytea" NOT NULL,
	CONSTRAINT "url_keys_account_id_owner_id_mailbox_id_pk" PRIMARY KEY("account_id","owner_id","mailbox_id")
);
