package io.coppice.console.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class AgentsTurnTest {

  private static final Mask MASK =
      Mask.full(ParameterLayout.builder().weight("fc", List.of(2, 2)).bias("fc", 2).build());

  /** An engine without a network. */
  private abstract static class Fake implements Engine {

    @Override
    public void close() {}
  }

  @Test
  void allAgentsAreAtWorkAtTheSameTime() {
    int agents = 3;
    CountDownLatch working = new CountDownLatch(agents);
    List<Engine> engines = new ArrayList<>();
    for (int agent = 0; agent < agents; agent++) {
      engines.add(
          new Fake() {
            @Override
            public void run(Mask mask, int units, boolean importance) {
              working.countDown();
              await(working);
            }
          });
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(agents)) {
      assertThat(new AgentsTurn(threads, engines, MASK).take().millis()).isFinite();
    }
  }

  @Test
  void whoIsDoneGoesOnUntilAllAre() {
    CountDownLatch wentOn = new CountDownLatch(20);
    AtomicInteger slowRuns = new AtomicInteger();
    Engine fast =
        new Fake() {
          @Override
          public void run(Mask mask, int units, boolean importance) {
            wentOn.countDown();
          }
        };
    Engine slow =
        new Fake() {
          @Override
          public void run(Mask mask, int units, boolean importance) {
            slowRuns.incrementAndGet();
            await(wentOn);
          }
        };
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      new AgentsTurn(threads, List.of(fast, slow), MASK).take();
    }
    assertThat(wentOn.getCount()).isZero();
    assertThat(slowRuns).hasValueGreaterThanOrEqualTo(3);
  }

  @Test
  void aFailureIsPassedOn() {
    Engine failing =
        new Fake() {
          @Override
          public void run(Mask mask, int units, boolean importance) {
            throw new IllegalStateException("broken");
          }
        };
    try (ExecutorService threads = Executors.newFixedThreadPool(1)) {
      AgentsTurn turn = new AgentsTurn(threads, List.of(failing), MASK);
      assertThatThrownBy(turn::take).hasRootCauseMessage("broken");
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
