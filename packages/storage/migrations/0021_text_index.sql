-- Adds the index of texts, empty: housekeeping fills it, and what is not in it yet is looked through.
CREATE TABLE "text_index" (
	"account_id" bigint NOT NULL,
	"slot_row" smallint NOT NULL,
	"segment_id" bigint NOT NULL,
	"octets" "bytea" NOT NULL,
	CONSTRAINT "text_index_account_id_slot_row_segment_id_pk" PRIMARY KEY("account_id","slot_row","segment_id")
);
--> statement-breakpoint
-- Rows of some 4 kB, which stay in their page, as they are: there is little in them to be compressed.
ALTER TABLE "text_index" ALTER COLUMN "octets" SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160);
