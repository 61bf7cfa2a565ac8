-- Adds when a count of failed logins was cleared by hand, for the processes that know it as it was before.

ALTER TABLE "login_failures" ADD COLUMN "cleared_at" timestamp (3) with time zone;