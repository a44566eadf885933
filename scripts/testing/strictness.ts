/** Whether what cannot be tested here counts as failed, as it must where nobody reads the closing lines. */
export const skipsAreFailures = process.env['CI'] === 'true' || process.env['LATCHKEY_TEST_REQUIRE_ALL'] === '1';
