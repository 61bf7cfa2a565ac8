/** Why something is no report that can be read: a sentence without a full stop, for people. */
export class ReportError extends Error {
  override readonly name = 'ReportError';
}
