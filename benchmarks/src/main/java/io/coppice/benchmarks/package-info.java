/**
 * JMH benchmarks of the computation, on the models and masks of {@code coppice bench train}: that command compares variants with
 * each other and with PyTorch, these show what a change of the code does. {@code docs/performance.md} tells how both are run.
 */
package io.coppice.benchmarks;
