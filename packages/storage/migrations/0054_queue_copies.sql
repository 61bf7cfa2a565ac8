-- Notes which accounts here have their copy of what the queue delivers to several, in the transactions that deliver them, so that an
-- attempt which is made again leaves these out. One table is new; it is empty but while something is being delivered.

CREATE TABLE "queue_copies" (
	"recipient_id" bigint NOT NULL,
	"account_id" bigint NOT NULL,
	CONSTRAINT "queue_copies_recipient_id_account_id_pk" PRIMARY KEY("recipient_id","account_id")
);
--> statement-breakpoint
ALTER TABLE "queue_copies" ADD CONSTRAINT "queue_copies_recipient_id_queue_recipients_recipient_id_fk" FOREIGN KEY ("recipient_id") REFERENCES "public"."queue_recipients"("recipient_id") ON DELETE cascade ON UPDATE no action;
