exports.sum = (n) => Array.from({ length: n }, (_, i) => i).reduce((a, b) => a + b, 0);
