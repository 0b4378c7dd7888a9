/**
 * A run's records as a directory of Avro object container files with a manifest: evidence that needs no broker, no registry and
 * no code of this project to be read. The format is written down in {@code docs/audit.md}.
 */
package io.coppice.audit.bundle;
