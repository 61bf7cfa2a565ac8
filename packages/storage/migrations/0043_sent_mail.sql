-- Adds which copies of a held message were delivered, so that its sender is told of them also if the process ends in between, and of
-- addresses that an account has written to whether more than one message did. No mail is touched.

CREATE TABLE "held_delivered" (
	"account_id" bigint NOT NULL,
	"message_id" uuid NOT NULL,
	"copy" integer NOT NULL,
	"forward_path" text NOT NULL,
	"details" jsonb,
	CONSTRAINT "held_delivered_account_id_message_id_copy_pk" PRIMARY KEY("account_id","message_id","copy")
);
--> statement-breakpoint
ALTER TABLE "known_recipients" ADD COLUMN "is_by_one" boolean DEFAULT false NOT NULL;--> statement-breakpoint
-- As before, and a recipient that is known by one message alone, which may be refused yet, is known by two from here on.
CREATE OR REPLACE FUNCTION take_submission(p_account bigint, p_recipients text[])
RETURNS TABLE (refusal text, counted_since timestamptz, fresh text[])
LANGUAGE plpgsql AS $$
DECLARE
  may submission_limits;
  sent submission_counts;
BEGIN
  SELECT * INTO may FROM submission_limits AS l WHERE l.account_id = p_account;
  IF num_nonnulls(may.messages_a_day, may.new_recipients_a_day) = 0 THEN
    RETURN NEXT; RETURN;
  END IF;
  INSERT INTO submission_counts (account_id, since) VALUES (p_account, now()) ON CONFLICT DO NOTHING;
  SELECT * INTO sent FROM submission_counts AS c WHERE c.account_id = p_account FOR NO KEY UPDATE;
  IF sent.since <= now() - interval '1 day' THEN
    sent := ROW(p_account, now(), 0, 0);
  END IF;
  counted_since := sent.since;
  fresh := '{}';
  IF may.new_recipients_a_day IS NOT NULL THEN
    fresh := ARRAY(SELECT DISTINCT r FROM unnest(p_recipients) AS r
                    WHERE NOT EXISTS (SELECT FROM known_recipients AS k WHERE k.account_id = p_account AND k.address = r));
  END IF;
  refusal := CASE WHEN sent.messages >= may.messages_a_day THEN 'messages'
                  WHEN sent.new_recipients + cardinality(fresh) > may.new_recipients_a_day AND cardinality(fresh) > 0
                  THEN 'recipients' END;
  IF refusal IS NULL THEN
    UPDATE known_recipients AS k SET is_by_one = false
     WHERE k.account_id = p_account AND k.address = ANY (p_recipients) AND k.is_by_one;
    INSERT INTO known_recipients (account_id, address, is_by_one) SELECT p_account, r, true FROM unnest(fresh) AS r
    ON CONFLICT DO NOTHING;
    UPDATE submission_counts AS c
       SET since = sent.since, messages = sent.messages + 1, new_recipients = sent.new_recipients + cardinality(fresh)
     WHERE c.account_id = p_account RETURNING c.since INTO counted_since;
  END IF;
  RETURN NEXT;
END $$;
--> statement-breakpoint
-- As before, and an address to which a second message went meanwhile stays known, and counted.
CREATE OR REPLACE FUNCTION return_submission(p_account bigint, p_since timestamptz, p_fresh text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  forgotten bigint;
BEGIN
  PERFORM FROM submission_counts AS c WHERE c.account_id = p_account FOR NO KEY UPDATE;
  DELETE FROM known_recipients AS k WHERE k.account_id = p_account AND k.address = ANY (p_fresh) AND k.is_by_one;
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  UPDATE submission_counts AS c
     SET messages = greatest(c.messages - 1, 0), new_recipients = greatest(c.new_recipients - forgotten, 0)
   WHERE c.account_id = p_account AND c.since = p_since;
END $$;
