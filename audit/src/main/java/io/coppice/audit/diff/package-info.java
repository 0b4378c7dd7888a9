/** Two runs compared, round by round, up to the first number in which they part. */
package io.coppice.audit.diff;
