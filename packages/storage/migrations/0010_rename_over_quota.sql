-- Why an account cannot have p_count mailboxes more; null if it can. None more is no matter of quota, also where the account has
-- more mailboxes than it may have by now: else they could not be renamed.
CREATE OR REPLACE FUNCTION refusal_of_mailboxes(p_acct accounts, p_count bigint, p_most bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_count = 0 THEN NULL
              WHEN p_acct.used_mailboxes + p_count > p_acct.quota_mailboxes THEN 'over-quota'
              WHEN p_acct.used_mailboxes + p_count > p_most THEN 'too-many-names' END
$$;
