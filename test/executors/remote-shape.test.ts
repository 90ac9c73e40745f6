import { expect, it } from 'vitest';
import { checkShipment } from '../../src/executors/remote-shape.ts';

const job = {
  args: [],
  encoded: false,
  name: 'add',
  onCancel: 'terminate',
  grace: 1,
  timeout: Infinity,
  startBy: Infinity,
  progress: false,
  context: null,
  credit: 0,
};
const shipment = { from: 'abc-1', patience: 1, at: 1, fingerprint: undefined, jobs: [job] };

it('what a partner sends has the shape of a shipment', () => {
  expect(checkShipment('job 1', shipment)).toBe(shipment);
});

it.each<[string, unknown]>([
  ['(everything)', null],
  ['(everything)', 'text'],
  ['from', { ...shipment, from: 'x:y' }],
  ['from', {}],
  ['at', { ...shipment, at: NaN }],
  ['patience', { ...shipment, patience: '1' }],
  ['fingerprint', { ...shipment, fingerprint: 1 }],
  ['jobs', { ...shipment, jobs: [] }],
  ['jobs', { ...shipment, jobs: [null] }],
  ...Object.keys(job).map((key): [string, unknown] => ['jobs', { ...shipment, jobs: [{ ...job, [key]: Symbol.iterator }] }]),
])('what has no good %s is refused', (field, value) => {
  expect(() => checkShipment('job 1', value)).toThrow(`job 1 was refused: its field '${field}' is not as it must be`);
});
