// Loaded before Prism: whoever started it holds its standard input; when that closes, this process ends.
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
