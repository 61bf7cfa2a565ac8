-- Adds what an account may send and whether it keeps copies of it, with counts, and the envelope of copies that wait. Three tables
-- are new, one gets a column; no mail is touched.

ALTER TABLE "waiting_deliveries" ADD COLUMN "details" jsonb;--> statement-breakpoint
CREATE TABLE "submission_settings" (
	"account_id" bigint PRIMARY KEY NOT NULL,
	"messages_a_day" integer,
	"new_recipients_a_day" integer,
	"message_octets" bigint,
	"keeps_sent" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "submission_counts" (
	"account_id" bigint PRIMARY KEY NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"messages" integer DEFAULT 0 NOT NULL,
	"new_recipients" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "known_recipients" (
	"account_id" bigint NOT NULL,
	"address" text NOT NULL,
	"first_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "known_recipients_account_id_address_pk" PRIMARY KEY("account_id","address")
);
--> statement-breakpoint
ALTER TABLE "submission_settings" ADD CONSTRAINT "submission_settings_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "submission_counts" ADD CONSTRAINT "submission_counts_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "known_recipients" ADD CONSTRAINT "known_recipients_account_id_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("account_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
-- Counts one message of an account to these recipients, unless that is more than it may send: then `refusal` says of what
-- ('messages', 'recipients'), and `resets_at` when the counts begin anew: a day after the first message that they have. An account
-- without limits is not counted. One row is read and written, and one looked for by recipient, however much was sent before.
CREATE FUNCTION count_submission(p_account bigint, p_recipients text[])
RETURNS TABLE (refusal text, resets_at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  may submission_settings;
  sent submission_counts;
  fresh integer := 0;
BEGIN
  SELECT * INTO may FROM submission_settings AS s WHERE s.account_id = p_account;
  IF num_nonnulls(may.messages_a_day, may.new_recipients_a_day) = 0 THEN
    RETURN NEXT; RETURN;
  END IF;
  INSERT INTO submission_counts (account_id, since) VALUES (p_account, now()) ON CONFLICT DO NOTHING;
  SELECT * INTO sent FROM submission_counts AS c WHERE c.account_id = p_account FOR NO KEY UPDATE;
  IF sent.since <= now() - interval '1 day' THEN
    sent := ROW(p_account, now(), 0, 0);
  END IF;
  resets_at := sent.since + interval '1 day';
  IF may.new_recipients_a_day IS NOT NULL THEN
    fresh := (SELECT count(DISTINCT r) FROM unnest(p_recipients) AS r
               WHERE NOT EXISTS (SELECT FROM known_recipients AS k WHERE k.account_id = p_account AND k.address = r));
  END IF;
  refusal := CASE WHEN sent.messages >= may.messages_a_day THEN 'messages'
                  WHEN sent.new_recipients + fresh > may.new_recipients_a_day AND fresh > 0 THEN 'recipients' END;
  IF refusal IS NULL THEN
    IF fresh > 0 THEN
      INSERT INTO known_recipients (account_id, address) SELECT DISTINCT p_account, r FROM unnest(p_recipients) AS r
      ON CONFLICT DO NOTHING;
    END IF;
    UPDATE submission_counts AS c
       SET since = sent.since, messages = sent.messages + 1, new_recipients = sent.new_recipients + fresh
     WHERE c.account_id = p_account;
  END IF;
  RETURN NEXT;
END $$;
