-- Adds limits that all accounts have by default, and says of each account which of its limits are its own. Two tables get
-- columns; what an account may hold stays as it is.

ALTER TABLE "installation" ADD COLUMN "default_quota_octets" bigint;--> statement-breakpoint
ALTER TABLE "installation" ADD COLUMN "default_quota_messages" bigint;--> statement-breakpoint
ALTER TABLE "installation" ADD COLUMN "default_quota_mailboxes" bigint;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "has_own_quota_octets" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "has_own_quota_messages" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "has_own_quota_mailboxes" boolean DEFAULT false NOT NULL;--> statement-breakpoint
UPDATE accounts
   SET has_own_quota_octets = quota_octets IS NOT NULL, has_own_quota_messages = quota_messages IS NOT NULL,
       has_own_quota_mailboxes = quota_mailboxes IS NOT NULL
 WHERE num_nonnulls(quota_octets, quota_messages, quota_mailboxes) > 0;
