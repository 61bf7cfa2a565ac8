-- Adds a log of who changed the directory, when, and what it was before and after, and whether a domain is disabled, which none is.
-- A table and a column are new; nothing else is touched.

ALTER TABLE "domains" ADD COLUMN "disabled_since" timestamp (3) with time zone;--> statement-breakpoint
CREATE TABLE "directory_changes" (
	"change_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "directory_changes_change_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"door" text NOT NULL,
	"actor" text NOT NULL,
	"token" text,
	"origin" text,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"before" jsonb,
	"after" jsonb,
	CONSTRAINT "directory_changes_changed" CHECK ("directory_changes"."before" is not null or "directory_changes"."after" is not null)
);
--> statement-breakpoint
CREATE INDEX "directory_changes_changed_at" ON "directory_changes" USING btree ("changed_at");--> statement-breakpoint
CREATE INDEX "directory_changes_name" ON "directory_changes" USING btree ("kind","name");
