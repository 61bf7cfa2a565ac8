-- Counts the reports (DSNs) that go to an address, and to a domain, in an hour, and notes with copies that wait whether their sender, who
-- is elsewhere, may be told of them; of those that wait already nobody knows. One table is new.

CREATE TABLE "queue_report_counts" (
	"target" text NOT NULL,
	"hour" timestamp (3) with time zone NOT NULL,
	"reports" integer NOT NULL,
	CONSTRAINT "queue_report_counts_target_hour_pk" PRIMARY KEY("target","hour")
);
--> statement-breakpoint
CREATE INDEX "queue_report_counts_hour" ON "queue_report_counts" USING btree ("hour");--> statement-breakpoint
ALTER TABLE "waiting_deliveries" ADD COLUMN "tells_elsewhere" boolean DEFAULT false NOT NULL;
