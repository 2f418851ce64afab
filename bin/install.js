'use strict';

// What npm scripts run first: installs what is missing, development packages included. With a file
// and arguments, runs that file then, on a Node that can: a shell that has found one `node` keeps
// to it, even when the install has brought a newer one.

const path = require('node:path');
const { become, ensureInstalled, findNode } = require('./launch.js');

ensureInstalled(true);
const node = findNode();
const [file, ...args] = process.argv.slice(2);
if (file !== undefined) become(node, [path.resolve(file), ...args]);
