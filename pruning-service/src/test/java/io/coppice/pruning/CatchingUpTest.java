package io.coppice.pruning;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class CatchingUpTest {

  private final CatchingUp catchingUp = new CatchingUp();

  @Test
  void oneMoreThanThereArePlacesWaitsUntilOneIsGivenBack() throws Exception {
    List<CatchingUp.Place> places = takeAll();
    CompletableFuture<CatchingUp.Place> next =
        CompletableFuture.supplyAsync(() -> catchingUp.take(() -> false));
    Thread.sleep(300);
    assertThat(next).isNotDone();

    places.getFirst().close();
    assertThat(next.get(30, TimeUnit.SECONDS).isHeld()).isTrue();
  }

  @Test
  void aPlaceIsGivenBackOnce() {
    List<CatchingUp.Place> places = takeAll();
    places.getFirst().close();
    places.getFirst().close();
    assertThat(places.getFirst().isHeld()).isFalse();

    AtomicBoolean stopped = new AtomicBoolean();
    assertThat(catchingUp.take(() -> false).isHeld()).isTrue();
    assertThat(catchingUp.take(() -> stopped.getAndSet(true)).isHeld()).isFalse();
  }

  @Test
  void whoeverIsStoppedGetsNone() {
    assertThat(catchingUp.take(() -> true).isHeld()).isFalse();
  }

  private List<CatchingUp.Place> takeAll() {
    List<CatchingUp.Place> places = new ArrayList<>();
    for (int i = 0; i < CatchingUp.WORKERS; i++) {
      places.add(catchingUp.take(() -> false));
    }
    assertThat(places).allMatch(CatchingUp.Place::isHeld);
    return places;
  }
}
