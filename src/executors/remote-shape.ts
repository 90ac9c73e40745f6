/** Whether what arrived has the form of a shipment. It may be signed by a partner of another version, or written by a stranger. */
import { RemoteRefusedError } from '../base/remote-errors.ts';
import type { RemoteJob, Shipment } from './remote-protocol.ts';

type Fields = Record<string, (value: unknown) => boolean>;

const number = (value: unknown): boolean => typeof value === 'number' && !Number.isNaN(value);
const boolean = (value: unknown): boolean => typeof value === 'boolean';
const string = (value: unknown): boolean => typeof value === 'string';

const shipmentFields: Fields = {
  from: (value) => string(value) && /^[\w-]{1,64}$/.test(value as string), // part of a channel's name
  patience: number,
  at: number,
  fingerprint: (value) => value === undefined || string(value),
  jobs: (value) => Array.isArray(value) && value.length > 0 && value.every((job) => lacks(job, jobFields) === null),
};

const jobFields: Fields = {
  args: Array.isArray,
  encoded: boolean,
  name: string,
  onCancel: (value) => value === 'terminate' || value === 'wait' || value === 'abandon',
  grace: number,
  timeout: number,
  startBy: number,
  progress: boolean,
  context: (value) => value === null || typeof value === 'object',
  credit: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
} satisfies Record<keyof RemoteJob, Fields[string]>;

/** The name of the first field that is not as it must be. */
function lacks(value: unknown, fields: Fields): string | null {
  if (typeof value !== 'object' || value === null) return '(everything)';
  const entry = Object.entries(fields).find(([key, check]) => !check((value as Record<string, unknown>)[key]));
  return entry === undefined ? null : entry[0];
}

export function checkShipment(purpose: string, value: unknown): Shipment {
  const field = lacks(value, shipmentFields);
  if (field !== null) throw new RemoteRefusedError(`${purpose} was refused: its field '${field}' is not as it must be`);
  return value as Shipment;
}
