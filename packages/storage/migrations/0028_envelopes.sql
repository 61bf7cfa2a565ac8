-- Keeps all of the envelope that a message came in: who was logged in, TLS, what DSNs were asked for and more. One table gets a
-- column, append_messages takes what stands in it, and the view mail.deliveries shows it.
ALTER TABLE "deliveries" ADD COLUMN "details" jsonb;--> statement-breakpoint
-- Appends messages to mailboxes of one account under one modseq, each with a status of its own: 'ok', 'nonexistent'
-- (mailbox), 'over-quota', 'too-many-keywords', 'uid-exhausted'. Messages of one mailbox stand together in the arrays.
--
-- p_lengths has thirteen entries a message: hash, ENVELOPE, BODYSTRUCTURE, BODY, part index, prefix, content (0 where a blob
-- holds it), in UTF-8 preview, search_text, header_text, prefix_text, and together, with U+001F between them, subject, From, To,
-- Cc, Message-ID, six keys to sort by and the links to other messages, from Postels that sort; thread keys; p_octets has those octets, one after the other. p_sent_ats are epoch ms.
-- p_protocols may have, behind a U+001F, what else came with a message, as JSON.
-- The functions of the same name with fewer arguments are for Postels that know of no search, or of no threads.
CREATE OR REPLACE FUNCTION append_messages(
  p_account bigint, p_mailboxes bigint[], p_flags smallint[], p_keywords text[], p_internal_dates bigint[],
  p_sizes bigint[], p_header_octets bigint[], p_blob_names text[], p_lengths integer[], p_octets bytea,
  p_reverse_paths text[], p_forward_paths text[], p_protocols text[], p_client_addresses text[], p_client_names text[],
  p_sent_dates date[], p_sent_ats bigint[]
) RETURNS TABLE (status text, uid bigint, uidvalidity bigint, mod_seq bigint, is_blob_kept boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  acct accounts;
  box mailboxes;
  new_seq bigint;
  first_uid bigint;
  object_id bigint;
  item_keywords integer[];
  item_content bigint;
  item_size bigint;
  item_flags smallint;
  item_hash bytea;
  summary text[]; -- subject, From, To, Cc, Message-ID, keys, links; null where empty
  thread_keys bytea;
  this_mailbox bigint;
  i integer := 1;
  pos integer := 1;
  n integer;
  len integer[]; -- of the message's pieces
  at integer[]; -- where they begin
  now_at timestamptz := clock_timestamp();
BEGIN
  SELECT * INTO acct FROM accounts AS a WHERE a.account_id = p_account FOR NO KEY UPDATE;
  new_seq := acct.modseq + 1;
  object_id := acct.next_object_id;

  WHILE i <= cardinality(p_mailboxes) LOOP
    SELECT * INTO box FROM mailboxes AS b
     WHERE b.account_id = p_account AND b.mailbox_id = p_mailboxes[i] AND b.expunged_seq IS NULL;
    this_mailbox := p_mailboxes[i];
    first_uid := box.uid_next;

    WHILE p_mailboxes[i] = this_mailbox LOOP
      n := (i - 1) * 13;
      len := p_lengths[n + 1 : n + 13];
      FOR k IN 1 .. 13 LOOP
        at[k] := pos;
        pos := pos + len[k];
      END LOOP;
      item_size := p_sizes[i] + len[6];
      item_flags := p_flags[i];
      uid := box.uid_next;
      uidvalidity := box.uidvalidity;
      mod_seq := new_seq;
      is_blob_kept := false;
      item_keywords := '{}';
      status := CASE
        WHEN box.mailbox_id IS NULL THEN 'nonexistent'
        WHEN acct.used_octets + item_size > acct.quota_octets OR acct.used_messages + 1 > acct.quota_messages THEN 'over-quota'
        WHEN box.uid_next > 4294967295 THEN 'uid-exhausted'
        ELSE 'ok' END;
      IF status = 'ok' AND p_keywords[i] <> '' THEN
        item_keywords := keyword_ids(p_account, this_mailbox, string_to_array(p_keywords[i], ' '));
        IF item_keywords IS NULL THEN status := 'too-many-keywords'; END IF;
      END IF;

      IF status = 'ok' THEN
        item_hash := substring(p_octets from at[1] for len[1]);
        thread_keys := substring(p_octets from at[13] for len[13]);
        SELECT c.content_id INTO item_content FROM contents AS c WHERE c.account_id = p_account AND c.hash = item_hash;
        IF NOT FOUND THEN
          item_content := object_id;
          object_id := object_id + 1;
          summary := string_to_array(convert_from(substring(p_octets from at[12] for len[12]), 'UTF8'), E'\x1f', '');
          INSERT INTO contents (account_id, content_id, hash, size_octets, header_octets, blob_name, sent_date, sent_at,
                                subject, from_list, to_list, cc_list, message_id, thread_keys, sort_keys, thread_links,
                                envelope, body_structure, body, part_index, octets, preview, search_text, header_text)
          VALUES (p_account, item_content, item_hash, p_sizes[i], p_header_octets[i], p_blob_names[i], p_sent_dates[i],
                  to_timestamp(p_sent_ats[i] / 1000.0), summary[1], summary[2], summary[3], summary[4], summary[5], thread_keys,
                  summary[6:11], decode(summary[12], 'hex'),
                  substring(p_octets from at[2] for len[2]),
                  substring(p_octets from at[3] for len[3]),
                  substring(p_octets from at[4] for len[4]),
                  substring(p_octets from at[5] for len[5]),
                  CASE WHEN p_blob_names[i] IS NULL THEN substring(p_octets from at[7] for len[7]) END,
                  convert_from(substring(p_octets from at[8] for len[8]), 'UTF8'),
                  convert_from(substring(p_octets from at[9] for len[9]), 'UTF8'),
                  convert_from(substring(p_octets from at[10] for len[10]), 'UTF8'));
          is_blob_kept := p_blob_names[i] IS NOT NULL;
        END IF;

        INSERT INTO messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                              thread_id, size_octets, prefix_octets, flags, keywords)
        VALUES (p_account, this_mailbox, box.uid_next, new_seq, new_seq, to_timestamp(p_internal_dates[i] / 1000.0), now_at,
                item_content, object_id, thread_of(p_account, thread_keys, object_id), item_size, len[6], item_flags, item_keywords);

        IF p_reverse_paths[i] IS NOT NULL THEN
          INSERT INTO deliveries (account_id, email_id, prefix, prefix_text, reverse_path, forward_path, protocol, client_address,
                                  client_name, received_at, details)
          VALUES (p_account, object_id, substring(p_octets from at[6] for len[6]),
                  convert_from(substring(p_octets from at[11] for len[11]), 'UTF8'),
                  p_reverse_paths[i], p_forward_paths[i], split_part(p_protocols[i], E'\x1f', 1), p_client_addresses[i]::inet,
                  p_client_names[i], now_at, nullif(split_part(p_protocols[i], E'\x1f', 2), '')::jsonb);
        END IF;
        object_id := object_id + 1;

        box.uid_next := box.uid_next + 1;
        box.messages := box.messages + 1;
        box.octets := box.octets + item_size;
        IF item_flags & 1 = 0 THEN box.unseen := box.unseen + 1; END IF;
        IF item_flags & 8 <> 0 THEN
          box.deleted := box.deleted + 1;
          box.deleted_octets := box.deleted_octets + item_size;
        END IF;
        acct.used_octets := acct.used_octets + item_size;
        acct.used_messages := acct.used_messages + 1;
      END IF;

      RETURN NEXT;
      i := i + 1;
    END LOOP;

    IF box.uid_next > first_uid THEN
      UPDATE mailboxes AS b
         SET uid_next = box.uid_next, messages = box.messages, octets = box.octets, unseen = box.unseen,
             deleted = box.deleted, deleted_octets = box.deleted_octets, highest_mod_seq = new_seq
       WHERE b.account_id = p_account AND b.mailbox_id = this_mailbox;
      INSERT INTO changes (account_id, mailbox_id, mod_seq, uids)
      VALUES (p_account, this_mailbox, new_seq, uid_range(first_uid, box.uid_next - 1));
    END IF;
  END LOOP;

  IF object_id > acct.next_object_id THEN
    UPDATE accounts AS a
       SET modseq = new_seq, next_object_id = object_id, used_octets = acct.used_octets, used_messages = acct.used_messages
     WHERE a.account_id = p_account;
  END IF;
END $$;
--> statement-breakpoint
CREATE OR REPLACE VIEW mail.deliveries AS
SELECT d.account_id, a.name AS account, d.email_id, d.received_at, d.reverse_path, d.forward_path, d.protocol, d.client_address,
       d.client_name,
       coalesce(nullif(ARRAY(SELECT r ->> 'forwardPath' FROM jsonb_array_elements(d.details -> 'recipients') AS r), '{}'),
                ARRAY[d.forward_path]) AS forward_paths,
       d.details ->> 'sender' AS sender,
       d.details ->> 'submitter' AS submitter,
       d.details #>> '{tls,version}' AS tls_version,
       d.details #>> '{tls,cipher}' AS tls_cipher,
       d.details ->> 'body' AS body_type,
       coalesce((d.details ->> 'isUtf8')::boolean, false) AS is_utf8,
       coalesce((d.details ->> 'requiresTls')::boolean, false) AS requires_tls,
       d.details ->> 'envelopeId' AS envelope_id,
       d.details ->> 'returnContent' AS return_content,
       ARRAY(SELECT n FROM jsonb_array_elements_text(d.details #> '{recipients,0,notify}') AS n) AS notify,
       d.details #>> '{recipients,0,originalRecipient}' AS original_recipient,
       d.details ->> 'results' AS results
  FROM public.deliveries AS d
  JOIN public.accounts AS a ON a.account_id = d.account_id;
