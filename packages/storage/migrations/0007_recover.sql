-- Adds what tells a database that went back in time, and refuses changes to an account that did until it is recovered.
ALTER TABLE "accounts" ADD COLUMN "rewound_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "seen_modseq" bigint;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "seen_uidvalidity" bigint;--> statement-breakpoint
ALTER TABLE "installation" ADD COLUMN "system_identifier" text;--> statement-breakpoint
-- Which server's files these are; null where we may not ask.
CREATE FUNCTION server_identifier() RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT c.system_identifier::text FROM pg_control_system() AS c);
EXCEPTION WHEN insufficient_privilege THEN
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Compares the database with what somebody has seen of it, and marks the accounts that went back; all of them, once, if the
-- database is not on the server that it was on. Gives the names of those marked. Costs a look at each account named.
CREATE FUNCTION mark_rewound(p_accounts bigint[], p_modseqs bigint[], p_uidvalidities bigint[]) RETURNS TABLE (name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  here text := server_identifier();
BEGIN
  IF current_setting('transaction_read_only')::boolean THEN RETURN; END IF;
  IF here IS DISTINCT FROM (SELECT i.system_identifier FROM installation AS i) AND here IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(80698385); -- others have just seen the same
    IF here <> (SELECT i.system_identifier FROM installation AS i) THEN
      RETURN QUERY UPDATE accounts AS a SET rewound_at = now() WHERE a.rewound_at IS NULL RETURNING a.name;
    END IF;
    UPDATE installation AS i SET system_identifier = here WHERE i.system_identifier IS DISTINCT FROM here;
  END IF;
  IF p_accounts = '{}' THEN RETURN; END IF;
  RETURN QUERY
    WITH behind AS (
      SELECT a.account_id, greatest(a.seen_modseq, s.modseq) AS modseq, greatest(a.seen_uidvalidity, s.uidvalidity) AS uidvalidity
        FROM unnest(p_accounts, p_modseqs, p_uidvalidities) AS s (account_id, modseq, uidvalidity)
        JOIN accounts AS a ON a.account_id = s.account_id
       WHERE (a.modseq < s.modseq OR a.next_uidvalidity < s.uidvalidity)
         AND (a.rewound_at IS NULL OR s.modseq > coalesce(a.seen_modseq, 0) OR s.uidvalidity > coalesce(a.seen_uidvalidity, 0))
       ORDER BY a.account_id FOR NO KEY UPDATE OF a
    )
    UPDATE accounts AS a
       SET rewound_at = coalesce(a.rewound_at, now()), seen_modseq = b.modseq, seen_uidvalidity = b.uidvalidity
      FROM behind AS b WHERE a.account_id = b.account_id
    RETURNING a.name;
END $$;
--> statement-breakpoint
CREATE FUNCTION refuse_change_of_rewound() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'account % went back in time and waits for postel recover', OLD.name USING ERRCODE = 'PR001';
END $$;
--> statement-breakpoint
-- Every change to an account's mail raises its modseq, so this refuses all of them, whichever Postel makes them.
CREATE TRIGGER accounts_rewound BEFORE UPDATE OF modseq ON accounts FOR EACH ROW
  WHEN (OLD.rewound_at IS NOT NULL AND NEW.rewound_at IS NOT NULL AND NEW.modseq <> OLD.modseq)
  EXECUTE FUNCTION refuse_change_of_rewound();
--> statement-breakpoint
-- Gives every mailbox of an account a new UIDVALIDITY, above all that may have been given out since what the database holds,
-- and lifts modseq and object ids as far: p_lead is more than any account could have used meanwhile. The mark goes with it.
-- UIDVALIDITY rises with the clock at least, because its counter began with the time.
CREATE FUNCTION recover_account(p_account bigint, p_uidvalidity_lead bigint, p_lead bigint)
RETURNS TABLE (mailboxes bigint, modseq_before bigint, modseq bigint, uidvalidity bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  n_mailboxes bigint;
  first_uidvalidity bigint;
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  first_uidvalidity := p_uidvalidity_lead + greatest(acct.next_uidvalidity, acct.seen_uidvalidity, extract(epoch FROM clock_timestamp())::bigint);
  n_mailboxes := (SELECT count(*) FROM mailboxes AS b WHERE b.account_id = p_account);
  modseq_before := acct.modseq;
  modseq := p_lead + greatest(acct.modseq, acct.seen_modseq);
  UPDATE accounts AS a
     SET modseq = p_lead + greatest(acct.modseq, acct.seen_modseq), next_object_id = a.next_object_id + p_lead,
         next_uidvalidity = first_uidvalidity + n_mailboxes, rewound_at = NULL, seen_modseq = NULL, seen_uidvalidity = NULL
   WHERE a.account_id = p_account;
  UPDATE mailboxes AS b
     SET uidvalidity = n.uidvalidity, mod_seq = p_lead + greatest(acct.modseq, acct.seen_modseq)
    FROM (SELECT m.mailbox_id, first_uidvalidity - 1 + row_number() OVER (ORDER BY m.mailbox_id) AS uidvalidity
            FROM mailboxes AS m WHERE m.account_id = p_account) AS n
   WHERE b.account_id = p_account AND b.mailbox_id = n.mailbox_id;
  -- Last, because every change of the directory takes that row.
  UPDATE installation AS i SET uidvalidity_floor = greatest(i.uidvalidity_floor, first_uidvalidity + n_mailboxes);
  mailboxes := (SELECT count(*) FROM mailboxes AS b WHERE b.account_id = p_account AND b.expunged_seq IS NULL);
  uidvalidity := first_uidvalidity;
  RETURN NEXT;
END $$;
