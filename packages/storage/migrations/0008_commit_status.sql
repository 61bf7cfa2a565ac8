-- Adds the table in which a write leaves word, so that one whose answer was lost can be looked up.
CREATE TABLE "last_writes" (
	"account_id" bigint NOT NULL,
	"writer_id" uuid NOT NULL,
	"write_number" bigint NOT NULL,
	"written_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "last_writes_account_id_writer_id_pk" PRIMARY KEY("account_id","writer_id")
);
--> statement-breakpoint
-- Every write rewrites a row: room for its next versions on the same page, as for accounts.
ALTER TABLE last_writes SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
--> statement-breakpoint
-- Leaves word in the writing transaction of which write it is. Returns the account, so that it can stand where a function that
-- writes takes that: in the same statement, and without another round trip.
CREATE FUNCTION name_write(p_account bigint, p_writer uuid, p_number bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO last_writes AS w (account_id, writer_id, write_number) VALUES (p_account, p_writer, p_number)
      ON CONFLICT (account_id, writer_id) DO UPDATE SET write_number = excluded.write_number, written_at = excluded.written_at
      WHERE w.write_number < excluded.write_number; -- one given up as lost may come after the next
  RETURN p_account;
END $$;
