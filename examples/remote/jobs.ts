import { pbkdf2Sync } from 'node:crypto';
import { offload } from 'offloop';

export const slowHash = offload(
  import.meta,
  (password: string) => pbkdf2Sync(password, 'salt', 200_000, 32, 'sha256').toString('hex').slice(0, 8),
  { name: 'slowHash' },
);
