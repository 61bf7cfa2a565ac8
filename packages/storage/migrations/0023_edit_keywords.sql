-- Edits the keywords of a message without merge_keywords, which costs more than the change of its row, where that is plain: none
-- before, or none after. It gives what it gave before.
CREATE OR REPLACE FUNCTION edit_keywords(p_old integer[], p_mode text, p_ids integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_mode = 'replace' THEN p_ids
              WHEN p_ids = '{}' THEN p_old
              WHEN p_mode = 'add' AND p_old = '{}' THEN p_ids
              WHEN p_mode = 'remove' AND p_old <@ p_ids THEN '{}'
              ELSE merge_keywords(p_old, p_mode, p_ids) END
$$;
