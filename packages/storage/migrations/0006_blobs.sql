-- Adds the checksums of blobs, piece by piece, and an index that finds the message of a blob.
ALTER TABLE "contents" ADD COLUMN "blob_checksums" "bytea";--> statement-breakpoint
-- For who looks for the row that names a blob; it is small, because most contents are in none.
CREATE INDEX "contents_blob" ON "contents" USING btree ("account_id","blob_name") WHERE "contents"."blob_name" is not null;--> statement-breakpoint
-- As the function of the same name with one argument less (0009_tables.sql), for messages of which some are in a blob: each of
-- those brings the checksums of its chunks. The hash that finds the row is the first of a message's pieces.
CREATE FUNCTION append_messages(
  p_account bigint, p_mailboxes bigint[], p_flags smallint[], p_keywords text[], p_internal_dates bigint[],
  p_sizes bigint[], p_header_octets bigint[], p_blob_names text[], p_lengths integer[], p_octets bytea,
  p_reverse_paths text[], p_forward_paths text[], p_protocols text[], p_client_addresses text[], p_client_names text[],
  p_sent_dates date[], p_sent_ats bigint[], p_blob_checksums bytea[]
) RETURNS TABLE (status text, uid bigint, uidvalidity bigint, mod_seq bigint, is_blob_kept boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  i integer := 0;
  pos integer := 1;
  pieces integer := cardinality(p_lengths) / greatest(cardinality(p_mailboxes), 1);
  done record;
BEGIN
  FOR done IN SELECT * FROM append_messages(
    p_account, p_mailboxes, p_flags, p_keywords, p_internal_dates, p_sizes, p_header_octets, p_blob_names, p_lengths, p_octets,
    p_reverse_paths, p_forward_paths, p_protocols, p_client_addresses, p_client_names, p_sent_dates, p_sent_ats)
  LOOP
    i := i + 1;
    IF done.is_blob_kept THEN
      UPDATE contents AS c SET blob_checksums = p_blob_checksums[i]
       WHERE c.account_id = p_account AND c.hash = substring(p_octets from pos for p_lengths[(i - 1) * pieces + 1]);
    END IF;
    FOR k IN 1 .. pieces LOOP pos := pos + p_lengths[(i - 1) * pieces + k]; END LOOP;
    status := done.status;
    uid := done.uid;
    uidvalidity := done.uidvalidity;
    mod_seq := done.mod_seq;
    is_blob_kept := done.is_blob_kept;
    RETURN NEXT;
  END LOOP;
END $$;
