-- Appends messages in fewer steps where nothing stands against any of them: account and mailbox are counted up at once for all. The
-- function of before does the rest under a name of its own; no table is touched.
ALTER FUNCTION append_messages(
  bigint, bigint[], smallint[], text[], bigint[], bigint[], bigint[], text[], integer[], bytea,
  text[], text[], text[], text[], text[], date[], bigint[]
) RENAME TO append_messages_each;--> statement-breakpoint
-- Appends messages to mailboxes of one account under one modseq; arguments and rows are those of `append_messages_each` (0028), which
-- looks at each message by itself. Here are the most frequent: for one mailbox that is there, without keywords, and there is room
-- for all. So the account's row and the mailbox's are taken, compared and changed by one statement each.
CREATE FUNCTION append_messages(
  p_account bigint, p_mailboxes bigint[], p_flags smallint[], p_keywords text[], p_internal_dates bigint[],
  p_sizes bigint[], p_header_octets bigint[], p_blob_names text[], p_lengths integer[], p_octets bytea,
  p_reverse_paths text[], p_forward_paths text[], p_protocols text[], p_client_addresses text[], p_client_names text[],
  p_sent_dates date[], p_sent_ats bigint[]
) RETURNS TABLE (status text, uid bigint, uidvalidity bigint, mod_seq bigint, is_blob_kept boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  n integer := cardinality(p_mailboxes);
  this_mailbox bigint := p_mailboxes[1];
  is_together boolean := n > 0;
  total bigint := 0;
  new_seq bigint;
  new_unseen integer := 0;
  new_deleted integer := 0;
  new_deleted_octets bigint := 0;
  first_uid bigint;
  object_id bigint;
  item_content bigint;
  item_size bigint;
  item_hash bytea;
  summary text[]; -- subject, From, To, Cc, Message-ID, keys, links; null where empty
  thread_keys bytea;
  o integer := 0; -- before the message's lengths
  -- Where its pieces begin
  at_hash integer;
  at_envelope integer;
  at_structure integer;
  at_body integer;
  at_index integer;
  at_prefix integer;
  at_content integer;
  at_preview integer;
  at_text integer;
  at_header integer;
  at_prefix_text integer;
  at_summary integer;
  at_keys integer;
  pos integer := 1;
  now_at timestamptz := clock_timestamp();
BEGIN
  FOR i IN 1 .. n LOOP
    item_size := p_sizes[i] + p_lengths[i * 13 - 7];
    total := total + item_size;
    IF p_flags[i] & 1 = 0 THEN new_unseen := new_unseen + 1; END IF;
    IF p_flags[i] & 8 <> 0 THEN
      new_deleted := new_deleted + 1;
      new_deleted_octets := new_deleted_octets + item_size;
    END IF;
    IF p_mailboxes[i] <> this_mailbox OR p_keywords[i] <> '' THEN is_together := false; END IF;
  END LOOP;

  IF is_together THEN
    -- Two ids each, for the content and the message; those of contents that are there already are given to nothing.
    UPDATE accounts AS a
       SET modseq = a.modseq + 1, next_object_id = a.next_object_id + 2 * n,
           used_octets = a.used_octets + total, used_messages = a.used_messages + n
     WHERE a.account_id = p_account
       AND (a.quota_octets IS NULL OR a.used_octets + total <= a.quota_octets)
       AND (a.quota_messages IS NULL OR a.used_messages + n <= a.quota_messages)
    RETURNING a.modseq, a.next_object_id - 2 * n INTO new_seq, object_id; -- not `old`: beside a trigger it is the row from before the wait (seen with 18.4)
    is_together := FOUND;
  END IF;
  IF is_together THEN
    UPDATE mailboxes AS b
       SET uid_next = b.uid_next + n, messages = b.messages + n, octets = b.octets + total, unseen = b.unseen + new_unseen,
           deleted = b.deleted + new_deleted, deleted_octets = b.deleted_octets + new_deleted_octets, highest_mod_seq = new_seq
     WHERE b.account_id = p_account AND b.mailbox_id = this_mailbox AND b.expunged_seq IS NULL AND b.uid_next + n <= 4294967296
    RETURNING b.uid_next - n, b.uidvalidity INTO first_uid, uidvalidity;
    IF NOT FOUND THEN
      is_together := false;
      UPDATE accounts AS a
         SET modseq = a.modseq - 1, next_object_id = object_id, used_octets = a.used_octets - total,
             used_messages = a.used_messages - n
       WHERE a.account_id = p_account;
    END IF;
  END IF;
  IF NOT is_together THEN
    RETURN QUERY SELECT * FROM append_messages_each(
      p_account, p_mailboxes, p_flags, p_keywords, p_internal_dates, p_sizes, p_header_octets, p_blob_names, p_lengths, p_octets,
      p_reverse_paths, p_forward_paths, p_protocols, p_client_addresses, p_client_names, p_sent_dates, p_sent_ats);
    RETURN;
  END IF;

  status := 'ok';
  mod_seq := new_seq;
  uid := first_uid;
  FOR i IN 1 .. n LOOP
    at_hash := pos;
    at_envelope := at_hash + p_lengths[o + 1];
    at_structure := at_envelope + p_lengths[o + 2];
    at_body := at_structure + p_lengths[o + 3];
    at_index := at_body + p_lengths[o + 4];
    at_prefix := at_index + p_lengths[o + 5];
    at_content := at_prefix + p_lengths[o + 6];
    at_preview := at_content + p_lengths[o + 7];
    at_text := at_preview + p_lengths[o + 8];
    at_header := at_text + p_lengths[o + 9];
    at_prefix_text := at_header + p_lengths[o + 10];
    at_summary := at_prefix_text + p_lengths[o + 11];
    at_keys := at_summary + p_lengths[o + 12];
    pos := at_keys + p_lengths[o + 13];
    item_hash := substring(p_octets from at_hash for p_lengths[o + 1]);
    thread_keys := substring(p_octets from at_keys for p_lengths[o + 13]);

    SELECT c.content_id INTO item_content FROM contents AS c WHERE c.account_id = p_account AND c.hash = item_hash;
    is_blob_kept := NOT FOUND AND p_blob_names[i] IS NOT NULL;
    IF NOT FOUND THEN
      item_content := object_id;
      object_id := object_id + 1;
      summary := string_to_array(convert_from(substring(p_octets from at_summary for p_lengths[o + 12]), 'UTF8'), E'\x1f', '');
      INSERT INTO contents (account_id, content_id, hash, size_octets, header_octets, blob_name, sent_date, sent_at,
                            subject, from_list, to_list, cc_list, message_id, thread_keys, sort_keys, thread_links,
                            envelope, body_structure, body, part_index, octets, preview, search_text, header_text)
      VALUES (p_account, item_content, item_hash, p_sizes[i], p_header_octets[i], p_blob_names[i], p_sent_dates[i],
              to_timestamp(p_sent_ats[i] / 1000.0), summary[1], summary[2], summary[3], summary[4], summary[5], thread_keys,
              summary[6:11], decode(summary[12], 'hex'),
              substring(p_octets from at_envelope for p_lengths[o + 2]),
              substring(p_octets from at_structure for p_lengths[o + 3]),
              substring(p_octets from at_body for p_lengths[o + 4]),
              substring(p_octets from at_index for p_lengths[o + 5]),
              CASE WHEN p_blob_names[i] IS NULL THEN substring(p_octets from at_content for p_lengths[o + 7]) END,
              convert_from(substring(p_octets from at_preview for p_lengths[o + 8]), 'UTF8'),
              convert_from(substring(p_octets from at_text for p_lengths[o + 9]), 'UTF8'),
              convert_from(substring(p_octets from at_header for p_lengths[o + 10]), 'UTF8'));
    END IF;

    INSERT INTO messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                          thread_id, size_octets, prefix_octets, flags)
    VALUES (p_account, this_mailbox, uid, new_seq, new_seq, to_timestamp(p_internal_dates[i] / 1000.0), now_at,
            item_content, object_id, thread_of(p_account, thread_keys, object_id), p_sizes[i] + p_lengths[o + 6], p_lengths[o + 6],
            p_flags[i]);

    IF p_reverse_paths[i] IS NOT NULL THEN
      INSERT INTO deliveries (account_id, email_id, prefix, prefix_text, reverse_path, forward_path, protocol, client_address,
                              client_name, received_at, details)
      VALUES (p_account, object_id, substring(p_octets from at_prefix for p_lengths[o + 6]),
              convert_from(substring(p_octets from at_prefix_text for p_lengths[o + 11]), 'UTF8'),
              p_reverse_paths[i], p_forward_paths[i], split_part(p_protocols[i], E'\x1f', 1), p_client_addresses[i]::inet,
              p_client_names[i], now_at, nullif(split_part(p_protocols[i], E'\x1f', 2), '')::jsonb);
    END IF;
    object_id := object_id + 1;
    RETURN NEXT;
    uid := uid + 1;
    o := o + 13;
  END LOOP;

  INSERT INTO changes (account_id, mailbox_id, mod_seq, uids)
  VALUES (p_account, this_mailbox, new_seq, uid_range(first_uid, uid - 1));
END $$;
