/** Of a session that reads or writes a backup: every value is written in one form, whatever the server's settings say. */
export const backupSettings: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  // Who may not see all rows is refused, not given some.
  row_security: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};
