// A plain module: it knows nothing of offloop.
export function wordCount(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}
