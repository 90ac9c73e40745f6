import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { loadPackage } from '../../src/telemetry/optional-package.ts';
import { failure, refusal } from '../support/virtual.ts';

it('a package that is not installed is one clear error: who needs it, and the command', async () => {
  expect(await refusal(() => loadPackage('offloop-no-such-package', 'offloop/x'))).toBe(
    'InvalidStateError OFFLOOP_INVALID_STATE: offloop/x needs the package offloop-no-such-package, which is not installed: ' +
      'npm install offloop-no-such-package',
  );
});

it('a package that is there gives its own error when it cannot be loaded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'offloop-broken-'));
  try {
    writeFileSync(join(folder, 'index.js'), "require('offloop-another-missing')");
    expect(await failure(() => loadPackage(folder, 'offloop/x'))).toMatchObject({
      code: 'MODULE_NOT_FOUND',
      message: expect.stringContaining('offloop-another-missing') as string,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(loadPackage('node:path', 'offloop/x')).toMatchObject({ sep: '/' });
});
