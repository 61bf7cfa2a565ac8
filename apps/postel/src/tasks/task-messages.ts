/** What a task tells the process that runs it. It is done when it ends with exit code 0. */
export type TaskMessage =
  | { readonly type: 'report'; readonly line: string }
  /** For a person to act on. */
  | { readonly type: 'failed'; readonly message: string };

export function parseTaskMessage(value: unknown): TaskMessage | null {
  if (typeof value !== 'object' || value === null || !('type' in value)) return null;
  if (value.type === 'report' && 'line' in value) return { type: 'report', line: String(value.line) };
  if (value.type === 'failed' && 'message' in value) return { type: 'failed', message: String(value.message) };
  return null;
}
